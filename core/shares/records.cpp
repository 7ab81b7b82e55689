#include "shares/records.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "shares/file_facts.hpp"

#include <algorithm>
#include <array>

namespace ferry::shares {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::array<std::string_view, 4> kUploadStates{"open", "complete", "shared", "removed"};
constexpr std::array<std::string_view, 3> kShareStates{"open", "ready", "removed"};

Error corrupt(std::string_view what, std::string_view why) {
  return Error(Errc::corrupt, std::string(what) + " record: " + std::string(why));
}

template <class State, std::size_t N>
std::optional<State> state_named(const std::array<std::string_view, N>& names,
                                 const std::optional<std::string>& name) {
  const auto at = name ? std::ranges::find(names, *name) : names.end();
  if (at == names.end()) {
    return std::nullopt;
  }
  return static_cast<State>(at - names.begin());
}

std::optional<std::uint64_t> count_member(const json::object& o, std::string_view key) {
  const auto n = json::integer_member(o, key);
  if (!n || *n < 0) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*n);
}

std::optional<Digest> digest_member(const json::object& o, std::string_view key) {
  const auto text = json::string_member(o, key);
  const auto bytes = text ? hex_decode(*text) : std::nullopt;
  Digest out;
  if (!bytes || bytes->size() != out.size()) {
    return std::nullopt;
  }
  std::ranges::copy(*bytes, out.begin());
  return out;
}

Result<json::object> parse_record(std::string_view what, ByteView bytes) {
  // Generous limits: the text is ours, and a share may hold hundreds of files.
  auto object = json::parse_object(as_text(bytes), json::Limits{4, 100'000});
  if (!object) {
    return corrupt(what, object.error().detail);
  }
  if (json::integer_member(*object, "v") != kFormat) {
    return corrupt(what, "of an unknown format");
  }
  return std::move(*object);
}

std::optional<ShareFile> decode_file(const json::value& value) {
  const auto* o = value.if_object();
  if (o == nullptr) {
    return std::nullopt;
  }
  const auto name = json::string_member(*o, "name");
  const auto type = json::string_member(*o, "type");
  const auto size = count_member(*o, "size");
  const auto upload = json::string_member(*o, "upload");
  const auto blob = json::string_member(*o, "blob");
  if (!name || !type || !size || !upload || !blob) {
    return std::nullopt;
  }
  ShareFile file;
  file.name = *name;
  file.type = *type;
  file.size = *size;
  file.upload = *upload;
  file.blob = *blob;
  file.sha256 = json::string_member(*o, "sha256").value_or("");
  if (!file.sha256.empty() && !is_sha256_hex(file.sha256)) {
    return std::nullopt;
  }
  return file;
}

}  // namespace

RecordKey upload_key(const std::string& id) {
  return {std::string(kUploadSpace), id};
}

RecordKey share_key(const std::string& id) {
  return {std::string(kShareSpace), id};
}

bool has_expired(const Record& record) {
  return record.expires_in && *record.expires_in <= kAfterlife;
}

Bytes encode(const UploadRecord& record) {
  json::object o;
  o["v"] = kFormat;
  o["state"] = kUploadStates.at(static_cast<std::size_t>(record.state));
  if (record.length) {
    o["length"] = static_cast<std::int64_t>(*record.length);
  }
  o["offset"] = static_cast<std::int64_t>(record.offset);
  o["blob"] = record.blob;
  o["blob_token"] = base64url(as_bytes(record.blob_token));
  o["metadata"] = record.metadata;
  o["token_sha256"] = hex(record.token_hash);
  o["epoch"] = static_cast<std::int64_t>(record.epoch);
  if (!record.share.empty()) {
    o["share"] = record.share;
  }
  o["created"] = to_unix_ms(record.created);
  return to_bytes(json::serialize(o));
}

Bytes encode(const ShareRecord& record) {
  json::object o;
  o["v"] = kFormat;
  o["state"] = kShareStates.at(static_cast<std::size_t>(record.state));
  json::array files;
  files.reserve(record.files.size());
  for (const auto& file : record.files) {
    json::object f;
    f["name"] = file.name;
    f["type"] = file.type;
    f["size"] = static_cast<std::int64_t>(file.size);
    f["upload"] = file.upload;
    f["blob"] = file.blob;
    if (!file.sha256.empty()) {
      f["sha256"] = file.sha256;
    }
    files.push_back(std::move(f));
  }
  o["files"] = std::move(files);
  o["owner_sha256"] = hex(record.owner_hash);
  o["created"] = to_unix_ms(record.created);
  o["expires"] = to_unix_ms(record.expires);
  o["life"] = record.life.count();
  return to_bytes(json::serialize(o));
}

Result<UploadRecord> decode_upload(ByteView bytes) {
  const auto parsed = parse_record("upload", bytes);
  if (!parsed) {
    return parsed.error();
  }
  const auto& o = *parsed;
  const auto state = state_named<UploadState>(kUploadStates, json::string_member(o, "state"));
  const auto offset = count_member(o, "offset");
  const auto blob = json::string_member(o, "blob");
  const auto blob_token = json::string_member(o, "blob_token");
  const auto token_bytes = blob_token ? base64url_decode(*blob_token) : std::nullopt;
  const auto metadata = json::string_member(o, "metadata");
  const auto token_hash = digest_member(o, "token_sha256");
  const auto epoch = count_member(o, "epoch");
  const auto created = json::integer_member(o, "created");
  if (!state || !offset || !blob || !token_bytes || !metadata || !token_hash || !epoch ||
      !created) {
    return corrupt("upload", "a member is missing or of another type");
  }
  UploadRecord record;
  record.state = *state;
  if (o.contains("length")) {
    record.length = count_member(o, "length");
    if (!record.length) {
      return corrupt("upload", "length is not a number of bytes");
    }
  }
  record.offset = *offset;
  record.blob = *blob;
  record.blob_token = to_text(*token_bytes);
  record.metadata = *metadata;
  record.token_hash = *token_hash;
  record.epoch = *epoch;
  record.share = json::string_member(o, "share").value_or("");
  record.created = from_unix_ms(*created);
  const bool whole = record.state == UploadState::complete || record.state == UploadState::shared;
  if ((record.length && record.offset > *record.length) ||
      (whole && record.length != record.offset) ||
      ((record.state == UploadState::shared) == record.share.empty())) {
    return corrupt("upload", "members contradict each other");
  }
  return record;
}

Result<ShareRecord> decode_share(ByteView bytes) {
  const auto parsed = parse_record("share", bytes);
  if (!parsed) {
    return parsed.error();
  }
  const auto& o = *parsed;
  const auto state = state_named<ShareState>(kShareStates, json::string_member(o, "state"));
  const auto owner_hash = digest_member(o, "owner_sha256");
  const auto created = json::integer_member(o, "created");
  const auto expires = json::integer_member(o, "expires");
  const auto life = json::integer_member(o, "life");
  const auto* files = o.contains("files") ? o.at("files").if_array() : nullptr;
  if (!state || !owner_hash || !created || !expires || !life || files == nullptr) {
    return corrupt("share", "a member is missing or of another type");
  }
  ShareRecord record;
  record.state = *state;
  record.owner_hash = *owner_hash;
  record.created = from_unix_ms(*created);
  record.expires = from_unix_ms(*expires);
  record.life = std::chrono::seconds(*life);
  record.files.reserve(files->size());
  for (const auto& value : *files) {
    auto file = decode_file(value);
    if (!file) {
      return corrupt("share", "a file is malformed");
    }
    record.files.push_back(std::move(*file));
  }
  return record;
}

}  // namespace ferry::shares
