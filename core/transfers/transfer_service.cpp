#include "transfers/transfer_service.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/try.hpp"
#include "runtime/spawn.hpp"
#include "transfers/code.hpp"
#include "transfers/room_frame.hpp"

#include <algorithm>

namespace ferry::transfers {
namespace {

constexpr int kAttempts = 5;

RecordKey code_record(std::string code_key) {
  return {"transfer_code", std::move(code_key)};
}

RecordKey transfer_record(const TransferId& id) {
  return {"transfer", to_text(id)};
}

/// Those who lost a race together do not meet again together.
Awaitable<void> back_off(int attempt) {
  const auto random = std::to_integer<unsigned>(random_bytes(1).front());
  co_await sleep_for(Millis(1 + random % (4u << attempt)));
}

/// A record's life as the store wants it; at least a millisecond.
Millis life(WallTime until, WallTime now) {
  const auto left = std::chrono::ceil<Millis>(until - now);
  return std::max(left, Millis(1));
}

TransferId room_of(const Token& token) {
  return token.room;
}

Token session_token(Role role, const TransferId& room, WallTime now, WallTime expires) {
  Token token;
  token.type = TokenType::signal;
  token.role = role;
  token.issued = now;
  token.expires = expires;
  token.room = room;
  const Bytes id = random_bytes(token.id.size());
  std::copy(id.begin(), id.end(), token.id.begin());
  return token;
}

const std::string kTransfersHelp = "Live transfers by what happened to them.";
const std::string kLookupsHelp = "Codes that were tried, by outcome.";

}  // namespace

TransferService::TransferService(Storage& storage, Signaling& signaling, const TokenKeys& tokens,
                                 const Secret& master, Settings settings, ShareLookup shares,
                                 Logger& log, Metrics& metrics, Clock clock)
    : storage_(storage),
      signaling_(signaling),
      tokens_(tokens),
      code_key_(hkdf_sha256(as_bytes(master.reveal()), "ferry transfer codes", 32)),
      settings_(std::move(settings)),
      shares_(std::move(shares)),
      log_(log),
      metrics_(metrics),
      clock_(std::move(clock)),
      created_(metrics.counter("ferry_transfers_total", kTransfersHelp, {{"result", "created"}})),
      joined_(metrics.counter("ferry_transfers_total", kTransfersHelp, {{"result", "joined"}})),
      handed_off_(
          metrics.counter("ferry_transfers_total", kTransfersHelp, {{"result", "handed_off"}})),
      closed_(metrics.counter("ferry_transfers_total", kTransfersHelp, {{"result", "closed"}})),
      lookups_hit_(metrics.counter("ferry_code_lookups_total", kLookupsHelp, {{"result", "hit"}})),
      lookups_miss_(
          metrics.counter("ferry_code_lookups_total", kLookupsHelp, {{"result", "miss"}})),
      lookups_malformed_(
          metrics.counter("ferry_code_lookups_total", kLookupsHelp, {{"result", "malformed"}})),
      lookups_expired_(
          metrics.counter("ferry_code_lookups_total", kLookupsHelp, {{"result", "expired"}})),
      lookups_taken_(
          metrics.counter("ferry_code_lookups_total", kLookupsHelp, {{"result", "taken"}})),
      lookups_limited_(
          metrics.counter("ferry_code_lookups_total", kLookupsHelp, {{"result", "limited"}})),
      turn_credentials_(metrics.counter("ferry_turn_credentials_total",
                                        "Short-lived TURN credentials handed out.")) {}

Awaitable<Outcome<Opened>> TransferService::create() {
  const WallTime now = clock_();
  TransferRecord record;
  record.created = now;
  record.code_expires = now + std::min(settings_.code_ttl, settings_.session_ttl);
  record.session_expires = now + settings_.session_ttl;
  const Millis code_life = life(record.code_expires + settings_.grace, now);
  const Millis record_life = life(record.session_expires + settings_.grace, now);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TransferId id{};
    const Bytes random = random_bytes(id.size());
    std::copy(random.begin(), random.end(), id.begin());
    const Code code = Code::random();
    record.code_key = code.storage_key(code_key_);
    std::vector<Write> batch;
    batch.push_back(Write::put(code_record(record.code_key), to_bytes(to_text(id)))
                        .if_absent()
                        .expire_in(code_life));
    batch.push_back(
        Write::put(transfer_record(id), encode(record)).if_absent().expire_in(record_life));
    auto committed = co_await storage_.apply(std::move(batch));
    if (committed) {
      created_.add();
      Opened opened;
      opened.transfer_id = to_text(id);
      opened.code = code.display();
      opened.token = tokens_.mint(session_token(Role::sender, id, now, record.session_expires));
      opened.code_expires = record.code_expires;
      opened.session_expires = record.session_expires;
      co_return opened;
    }
    // Only a code in use is worth another code.
    if (committed.error().code != Errc::version_mismatch) {
      co_return failed("create", committed.error());
    }
  }
  log_.error("no free code in several attempts");
  co_return Problem(ProblemType::internal);
}

Awaitable<Outcome<Joined>> TransferService::join(std::string text, std::optional<Token> mine) {
  const auto code = Code::parse(text);
  if (!code) {
    lookups_malformed_.add();
    co_return code.error();
  }
  const std::string code_key = code->storage_key(code_key_);
  Token token = session_token(Role::receiver, {}, clock_(), clock_());
  const std::string token_id = hex(token.id);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto link = co_await find_code(code_key);
    if (!link) {
      co_return failed("join", link.error());
    }
    if (!link->id) {
      lookups_miss_.add();
      co_return Problem(ProblemType::unknown_code);
    }
    const TransferId id = *link->id;
    auto stored = co_await load(id);
    if (!stored) {
      if (stored.error().code == Errc::not_found) {
        lookups_miss_.add();
        co_return Problem(ProblemType::unknown_code);
      }
      co_return failed("join", stored.error());
    }
    TransferRecord& record = stored->record;
    const WallTime now = clock_();
    token.room = id;
    token.issued = now;
    token.expires = receiver_session_end(record, now, settings_.session_ttl);
    switch (may_join(record, now)) {
      case MayJoin::closed:
        lookups_expired_.add();
        co_return Problem(ProblemType::expired, "This transfer was ended.");
      case MayJoin::expired: {
        lookups_expired_.add();
        co_return Problem(ProblemType::expired);
      }
      case MayJoin::taken: {
        // Ours after a commit whose answer was lost, or the place is asked for again.
        const bool ours = record.receiver == token_id;
        const bool again = mine && mine->role == Role::receiver && room_of(*mine) == id;
        if (ours || again) {
          co_return admitted(id, record, token);
        }
        lookups_taken_.add();
        co_return Problem(ProblemType::taken);
      }
      case MayJoin::yes: break;
    }
    if (record.state == State::handed_off) {
      co_return admitted(id, record, token);
    }
    record.state = State::joined;
    record.receiver = token_id;
    std::vector<Write> batch;
    batch.push_back(Write::put(transfer_record(id), encode(record))
                        .if_version(stored->version)
                        .expire_in(life(record.session_expires + settings_.grace, now)));
    auto committed = co_await storage_.apply(std::move(batch));
    if (committed) {
      co_return admitted(id, record, token);
    }
    // After a timeout the record itself tells whether the write happened.
    const Errc why = committed.error().code;
    if (why != Errc::version_mismatch && why != Errc::timeout) {
      co_return failed("join", committed.error());
    }
    co_await back_off(attempt);
  }
  co_return failed("join", Error(Errc::overloaded, "lost every race for the record"));
}

Outcome<Joined> TransferService::admitted(const TransferId& id, const TransferRecord& record,
                                          Token token) const {
  lookups_hit_.add();
  joined_.add();
  Joined joined;
  joined.transfer_id = to_text(id);
  joined.session_expires = token.expires;
  joined.token = tokens_.mint(std::move(token));
  joined.share = record.share;
  return joined;
}

Awaitable<Outcome<void>> TransferService::handoff(Token sender, std::string share_id) {
  if (sender.role != Role::sender) {
    co_return Problem(ProblemType::wrong_role, "Only the sender can hand files off.");
  }
  if (!shares_) {
    co_return Problem(ProblemType::not_found, "This server keeps no files.");
  }
  FERRY_CO_TRY(share_expires, co_await shares_(share_id));
  const TransferId id = room_of(sender);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto stored = co_await load(id);
    if (!stored) {
      if (stored.error().code == Errc::not_found) {
        co_return Problem(ProblemType::expired);
      }
      co_return failed("handoff", stored.error());
    }
    TransferRecord& record = stored->record;
    if (record.state == State::closed) {
      co_return Problem(ProblemType::expired, "This transfer was ended.");
    }
    const WallTime now = clock_();
    record.state = State::handed_off;
    record.share = share_id;
    record.code_expires = share_expires;
    const Millis code_life = life(share_expires + settings_.grace, now);
    const Millis record_life =
        std::max(code_life, life(record.session_expires + settings_.grace, now));
    auto done = co_await store(id, std::move(*stored), code_life, record_life);
    if (done) {
      handed_off_.add();
      co_return Outcome<void>();
    }
    // Writing it again does no harm.
    if (done.error().code != Errc::version_mismatch && done.error().code != Errc::timeout) {
      co_return failed("handoff", done.error());
    }
    co_await back_off(attempt);
  }
  co_return failed("handoff", Error(Errc::overloaded, "lost every race for the record"));
}

Awaitable<Outcome<void>> TransferService::close(Token token) {
  const TransferId id = room_of(token);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto stored = co_await load(id);
    if (!stored && stored.error().code != Errc::not_found) {
      co_return failed("close", stored.error());
    }
    Result<void> done;
    if (stored && stored->record.state != State::closed) {
      stored->record.state = State::closed;
      const WallTime now = clock_();
      const Millis code_life = life(now + settings_.grace, now);
      // The record stays as long as a token of the transfer could come back.
      const Millis record_life =
          life(std::max(stored->record.session_expires, now) + settings_.grace, now);
      done = co_await store(id, std::move(*stored), code_life, record_life);
      if (done) {
        closed_.add();
      }
    }
    if (done) {
      FrameHeader header;
      header.kind = FrameKind::closed;
      if (auto told = signaling_.publish(room_channel(to_text(id)), make_frame(header)); !told) {
        log_.warn("sockets of a closed transfer were not told",
                  {{"error", name_of(told.error().code)}, {"detail", told.error().detail}});
      }
      co_return Outcome<void>();
    }
    if (done.error().code != Errc::version_mismatch && done.error().code != Errc::timeout) {
      co_return failed("close", done.error());
    }
    co_await back_off(attempt);
  }
  co_return failed("close", Error(Errc::overloaded, "lost every race for the record"));
}

Awaitable<Result<bool>> TransferService::is_open(TransferId id) {
  auto stored = co_await load(id);
  if (stored) {
    co_return stored->record.state != State::closed;
  }
  if (stored.error().code == Errc::not_found) {
    co_return false;
  }
  co_return stored.error();
}

std::optional<Token> TransferService::session(std::string_view token_text) const {
  std::string_view reason = "missing";
  std::optional<Token> token;
  if (!token_text.empty()) {
    token = tokens_.verify(token_text, TokenType::signal, clock_(), &reason);
  }
  if (token && token->role != Role::sender && token->role != Role::receiver) {
    reason = "role";
    token.reset();
  }
  if (!token) {
    metrics_
        .counter("ferry_token_rejections_total", "Session tokens refused, by reason.",
                 {{"reason", std::string(reason)}})
        .add();
  }
  return token;
}

std::vector<IceServer> TransferService::ice_servers(const std::optional<Token>& session) const {
  std::vector<IceServer> servers;
  for (const auto& server : settings_.ice_servers) {
    if (session || !server.has_credentials()) {
      servers.push_back(server);
    }
  }
  if (session && !settings_.turn.secret.empty()) {
    const WallTime expires = std::min<WallTime>(clock_() + settings_.turn.ttl, session->expires);
    auto made = turn_credentials(settings_.turn.secret, session->room, session->role, expires);
    IceServer server;
    server.urls = settings_.turn.urls;
    server.username = std::move(made.username);
    server.credential = Secret(std::move(made.credential));
    servers.push_back(std::move(server));
    turn_credentials_.add();
  }
  return servers;
}

Awaitable<Result<TransferService::Stored>> TransferService::load(TransferId id) {
  FERRY_CO_TRY(found, co_await storage_.get(transfer_record(id)));
  FERRY_CO_TRY(record, decode(found.value));
  Stored stored;
  stored.record = std::move(record);
  stored.version = found.version;
  co_return stored;
}

Awaitable<Result<TransferService::Link>> TransferService::find_code(std::string code_key) {
  Link link;
  auto found = co_await storage_.get(code_record(std::move(code_key)));
  if (!found) {
    if (found.error().code == Errc::not_found) {
      co_return link;
    }
    co_return found.error();
  }
  link.id = parse_transfer_id(as_text(found->value));
  link.version = found->version;
  if (!link.id) {
    co_return Error(Errc::corrupt, "a code's record holds no transfer id");
  }
  co_return link;
}

Awaitable<Result<void>> TransferService::store(TransferId id, Stored stored, Millis code_life,
                                               Millis record_life) {
  const std::string code_key = stored.record.code_key;
  FERRY_CO_TRY(link, co_await find_code(code_key));
  std::vector<Write> batch;
  batch.push_back(Write::put(transfer_record(id), encode(stored.record))
                      .if_version(stored.version)
                      .expire_in(record_life));
  // A code that ended long ago may lead to another transfer by now.
  if (!link.id || *link.id == id) {
    batch.push_back(Write::put(code_record(code_key), to_bytes(to_text(id)))
                        .if_version(link.version)
                        .expire_in(code_life));
  }
  auto committed = co_await storage_.apply(std::move(batch));
  if (!committed) {
    co_return committed.error();
  }
  co_return Result<void>();
}

Problem TransferService::failed(std::string_view operation, const Error& error) const {
  log_.warn("transfer storage failed",
            {{"operation", operation}, {"error", name_of(error.code)}, {"detail", error.detail}});
  return to_problem(error);
}

}  // namespace ferry::transfers
