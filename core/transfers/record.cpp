#include "transfers/record.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"

#include <algorithm>
#include <span>

namespace ferry::transfers {
namespace {

constexpr std::int64_t kVersion = 1;
/// Year 2255: beyond it a nanosecond clock overflows.
constexpr std::int64_t kLatestMs = 9'000'000'000'000;
constexpr std::array<State, 4> kStates{State::waiting, State::joined, State::handed_off,
                                       State::closed};
constexpr std::array<std::string_view, 8> kMembers{
    "v", "state", "code", "created", "code_expires", "session_expires", "receiver", "share"};

std::optional<WallTime> time_member(const json::object& object, std::string_view key) {
  const auto ms = json::integer_member(object, key);
  if (!ms || *ms < 0 || *ms > kLatestMs) {
    return std::nullopt;
  }
  return from_unix_ms(*ms);
}

Error corrupt(std::string what) {
  return Error(Errc::corrupt, "transfer record: " + std::move(what));
}

}  // namespace

std::string to_text(const TransferId& id) {
  return hex(id);
}

std::optional<TransferId> parse_transfer_id(std::string_view text) {
  const auto bytes = hex_decode(text);
  TransferId id{};
  if (!bytes || bytes->size() != id.size()) {
    return std::nullopt;
  }
  std::copy(bytes->begin(), bytes->end(), id.begin());
  return id;
}

std::string_view name_of(State state) noexcept {
  switch (state) {
    case State::waiting: return "waiting";
    case State::joined: return "joined";
    case State::handed_off: return "handed_off";
    case State::closed: return "closed";
  }
  return "unknown";
}

Bytes encode(const TransferRecord& record) {
  json::object object = record.unknown;
  object["v"] = kVersion;
  object["state"] = name_of(record.state);
  object["code"] = record.code_key;
  object["created"] = to_unix_ms(record.created);
  object["code_expires"] = to_unix_ms(record.code_expires);
  object["session_expires"] = to_unix_ms(record.session_expires);
  object["receiver"] = record.receiver;
  object["share"] = record.share;
  return to_bytes(json::serialize(object));
}

Result<TransferRecord> decode(ByteView bytes) {
  auto parsed = json::parse_object(as_text(bytes));
  if (!parsed) {
    return corrupt(parsed.error().detail);
  }
  json::object& object = *parsed;
  const auto version = json::integer_member(object, "v");
  if (version != kVersion) {
    return corrupt("it has no version that this server knows");
  }
  TransferRecord record;
  const auto state = json::string_member(object, "state");
  const auto known = std::find_if(kStates.begin(), kStates.end(),
                                  [&](State s) { return state && name_of(s) == *state; });
  if (known == kStates.end()) {
    return corrupt("state is missing or unknown");
  }
  record.state = *known;
  const auto code = json::string_member(object, "code");
  const auto receiver = json::string_member(object, "receiver");
  const auto share = json::string_member(object, "share");
  const auto created = time_member(object, "created");
  const auto code_expires = time_member(object, "code_expires");
  const auto session_expires = time_member(object, "session_expires");
  if (!code || !receiver || !share || !created || !code_expires || !session_expires) {
    return corrupt("a member is missing or of another type");
  }
  if (record.state == State::handed_off && share->empty()) {
    return corrupt("handed off to no share");
  }
  record.code_key = *code;
  record.receiver = *receiver;
  record.share = *share;
  record.created = *created;
  record.code_expires = *code_expires;
  record.session_expires = *session_expires;
  for (const std::string_view member : kMembers) {
    object.erase(member);
  }
  record.unknown = std::move(object);
  return record;
}

MayJoin may_join(const TransferRecord& record, WallTime now) noexcept {
  if (record.state == State::closed) {
    return MayJoin::closed;
  }
  if (now >= record.code_expires) {
    return MayJoin::expired;
  }
  return record.state == State::joined ? MayJoin::taken : MayJoin::yes;
}

WallTime receiver_session_end(const TransferRecord& record, WallTime now,
                              std::chrono::milliseconds session_ttl) noexcept {
  if (record.state == State::handed_off) {
    return std::min(record.code_expires, now + session_ttl);
  }
  return record.session_expires;
}

}  // namespace ferry::transfers
