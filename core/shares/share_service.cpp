#include "shares/share_service.hpp"

#include "base/encoding.hpp"
#include "base/try.hpp"
#include "shares/file_facts.hpp"

#include <algorithm>
#include <unordered_set>

namespace ferry::shares {
namespace {

constexpr int kMaxAttempts = 4;
/// A bound upload is looked at so long after its share should have been swept.
constexpr std::chrono::hours kMargin{1};

bool is_token_of(std::string_view token, const Digest& stored) {
  const auto hash = sha256(as_bytes(token));
  return equal_secret(hash, stored);
}

std::string label_of(std::size_t index) {
  return "files[" + std::to_string(index) + "]: ";
}

/// What everybody who holds all the upload tokens can compute, and nobody else.
Digest derive(std::string_view purpose, const std::vector<NewFile>& files) {
  std::string text(purpose);
  for (const auto& file : files) {
    text += '\n';
    text += file.upload;
    text += ':';
    text += file.token;
  }
  return sha256(as_bytes(text));
}

bool same_file(const ShareFile& stored, const NewFile& given) {
  return stored.upload == given.upload && stored.name == given.name && stored.type == given.type &&
         stored.sha256 == given.sha256;
}

ShareTicket ticket(std::string id, std::string owner_token, const ShareRecord& record) {
  ShareTicket out;
  out.id = std::move(id);
  out.owner_token = std::move(owner_token);
  out.state = record.state;
  out.expires = record.expires;
  return out;
}

void start_life(ShareRecord& record, std::chrono::seconds life) {
  record.life = life;
  // In the precision of the record, so that every answer says the same.
  record.expires = from_unix_ms(to_unix_ms(std::chrono::system_clock::now() + life));
}

}  // namespace

ShareService::ShareService(Storage& storage, UploadService& uploads, ShareSettings settings,
                           Logger& log, Metrics& metrics, std::function<void()> on_removed)
    : storage_(storage),
      uploads_(uploads),
      settings_(settings),
      log_(log),
      metrics_(metrics),
      on_removed_(std::move(on_removed)),
      max_value_(storage.caps().max_value),
      max_batch_(std::max<std::size_t>(1, storage.caps().max_batch)) {}

Awaitable<Outcome<ShareTicket>> ShareService::open(std::optional<std::chrono::seconds> life) {
  FERRY_CO_TRY(chosen, life_of(life, settings_.default_expiry));
  auto id = random_id();
  auto owner_token = base64url(random_bytes(32));
  ShareRecord record;
  record.owner_hash = sha256(as_bytes(owner_token));
  record.created = std::chrono::system_clock::now();
  start_life(record, chosen);
  if (const auto saved = co_await save(id, record, 0); !saved) {
    co_return to_problem(saved.error());
  }
  metrics_.shares_created.add();
  co_return ticket(std::move(id), std::move(owner_token), record);
}

Awaitable<Outcome<ShareTicket>> ShareService::create(std::vector<NewFile> files,
                                                     std::optional<std::chrono::seconds> life) {
  FERRY_CO_TRY(chosen, life_of(life, settings_.default_expiry));
  if (auto refused = refuse(files)) {
    co_return *refused;
  }
  const auto seed = derive("ferry share 1", files);
  auto id = hex(ByteView(seed).first(16));
  auto owner_token = base64url(derive("ferry owner 1", files));
  // Nothing is left behind by a request that cannot succeed.
  if (const auto loaded = co_await load(id, files); !loaded) {
    co_return loaded.error();
  }
  ShareRecord record;
  record.owner_hash = sha256(as_bytes(owner_token));
  record.created = std::chrono::system_clock::now();
  start_life(record, chosen);
  const auto saved = co_await save(id, record, 0);
  if (!saved && saved.error().code != Errc::version_mismatch) {
    co_return to_problem(saved.error());
  }
  if (saved) {
    metrics_.shares_created.add();
  }
  co_return co_await fill(std::move(id), std::move(owner_token), std::move(files), life);
}

Awaitable<Outcome<ShareTicket>> ShareService::complete(std::string id, std::string owner_token,
                                                       std::vector<NewFile> files,
                                                       std::optional<std::chrono::seconds> life) {
  if (auto refused = refuse(files)) {
    co_return *refused;
  }
  co_return co_await fill(std::move(id), std::move(owner_token), std::move(files), life);
}

/// Binds the files and makes an open share ready.
Awaitable<Outcome<ShareTicket>> ShareService::fill(std::string id, std::string owner_token,
                                                   std::vector<NewFile> files,
                                                   std::optional<std::chrono::seconds> life) {
  if (!is_id(id)) {
    co_return Problem(ProblemType::not_found);
  }
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const auto stored = co_await storage_.get(share_key(id));
    if (!stored) {
      co_return to_problem(stored.error());
    }
    auto decoded = decode_share(stored->value);
    if (!decoded) {
      co_return to_problem(decoded.error());
    }
    auto& share = *decoded;
    if (!is_token_of(owner_token, share.owner_hash)) {
      co_return Problem(ProblemType::token_invalid);
    }
    if (share.state == ShareState::removed || has_expired(*stored)) {
      co_return Problem(ProblemType::expired);
    }
    if (share.state == ShareState::ready) {
      if (!std::ranges::equal(share.files, files, same_file)) {
        co_return Problem(ProblemType::invalid_request,
                          "This share is complete already, with other files.");
      }
      co_return ticket(std::move(id), std::move(owner_token), share);
    }
    FERRY_CO_TRY(chosen, life_of(life, share.life));
    FERRY_CO_TRY(bound, co_await load(id, files));
    share.state = ShareState::ready;
    start_life(share, chosen);
    for (const auto& each : bound) {
      ShareFile file;
      file.name = each.file.name;
      file.type = each.file.type;
      file.size = each.record.offset;
      file.sha256 = each.file.sha256;
      file.upload = each.file.upload;
      file.blob = each.record.blob;
      share.files.push_back(std::move(file));
    }
    if (encode(share).size() > max_value_) {
      co_return Problem(ProblemType::too_large,
                        "The names of the files are too long altogether; make several shares.");
    }
    FERRY_CO_CHECK(co_await bind(id, bound, chosen));
    const auto saved = co_await save(id, share, stored->version);
    if (saved) {
      metrics_.shares_completed.add();
      co_return ticket(std::move(id), std::move(owner_token), share);
    }
    if (saved.error().code != Errc::version_mismatch) {
      co_return to_problem(saved.error());
    }
  }
  co_return to_problem(Error(Errc::version_mismatch));
}

Awaitable<Outcome<ShareRecord>> ShareService::get(std::string id) {
  if (!is_id(id)) {
    co_return Problem(ProblemType::not_found);
  }
  const auto stored = co_await storage_.get(share_key(id));
  if (!stored) {
    co_return to_problem(stored.error());
  }
  auto share = decode_share(stored->value);
  if (!share) {
    log_.error("a share's record is damaged", {{"reason", share.error().detail}});
    co_return to_problem(share.error());
  }
  if (share->state == ShareState::removed || has_expired(*stored)) {
    co_return Problem(ProblemType::expired);
  }
  co_return std::move(*share);
}

Awaitable<Outcome<void>> ShareService::remove(std::string id, std::string owner_token) {
  if (!is_id(id)) {
    co_return Problem(ProblemType::not_found);
  }
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const auto stored = co_await storage_.get(share_key(id));
    if (!stored) {
      co_return to_problem(stored.error());
    }
    auto share = decode_share(stored->value);
    if (!share) {
      co_return to_problem(share.error());
    }
    if (!is_token_of(owner_token, share->owner_hash)) {
      co_return Problem(ProblemType::token_invalid);
    }
    if (share->state == ShareState::removed) {
      co_return Outcome<void>();
    }
    share->state = ShareState::removed;
    std::vector<Write> batch;
    batch.push_back(Write::put(share_key(id), encode(*share))
                        .if_version(stored->version)
                        .expire_in(kAfterlife)
                        .due_in(Millis(0), std::string(kSweepQueue)));
    const auto marked = co_await storage_.apply(std::move(batch));
    if (marked) {
      metrics_.shares_removed.add();
      on_removed_();
      co_return Outcome<void>();
    }
    if (marked.error().code != Errc::version_mismatch) {
      co_return to_problem(marked.error());
    }
  }
  co_return to_problem(Error(Errc::version_mismatch));
}

Outcome<std::chrono::seconds> ShareService::life_of(std::optional<std::chrono::seconds> wanted,
                                                    std::chrono::seconds otherwise) const {
  const auto life = wanted.value_or(std::min(otherwise, settings_.max_expiry));
  if (life < std::chrono::seconds(1) || life > settings_.max_expiry) {
    return Problem(ProblemType::invalid_request, "expires_in must be between 1 and " +
                                                     std::to_string(settings_.max_expiry.count()) +
                                                     " seconds");
  }
  return life;
}

/// Also brings names and types into the form in which they are stored.
std::optional<Problem> ShareService::refuse(std::vector<NewFile>& files) const {
  if (files.empty() || files.size() > settings_.max_files) {
    return Problem(ProblemType::invalid_request,
                   "files must have 1 to " + std::to_string(settings_.max_files) + " entries");
  }
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto& file = files[i];
    auto name = clean_name(file.name);
    if (!name) {
      return Problem(ProblemType::invalid_request, label_of(i) + "name must be UTF-8 of 1 to " +
                                                       std::to_string(kMaxNameBytes) + " bytes");
    }
    if (!file.sha256.empty() && !is_sha256_hex(file.sha256)) {
      return Problem(ProblemType::invalid_request,
                     label_of(i) + "sha256 must be 64 hex digits in lower case");
    }
    if (!is_id(file.upload)) {
      return Problem(ProblemType::not_found, label_of(i) + "there is no such upload");
    }
    if (!seen.insert(file.upload).second) {
      return Problem(ProblemType::invalid_request, label_of(i) + "an upload is named twice");
    }
    file.name = std::move(*name);
    file.type = clean_type(file.type);
  }
  return std::nullopt;
}

Awaitable<Outcome<std::vector<ShareService::Bound>>> ShareService::load(
    std::string share, std::vector<NewFile> files) {
  std::vector<Bound> out;
  out.reserve(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    FERRY_CO_TRY(bound, co_await load_one(share, std::move(files[i]), label_of(i)));
    out.push_back(std::move(bound));
  }
  co_return out;
}

Awaitable<Outcome<ShareService::Bound>> ShareService::load_one(std::string share, NewFile file,
                                                               std::string label) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto stored = co_await storage_.get(upload_key(file.upload));
    if (!stored && stored.error().code != Errc::not_found) {
      co_return to_problem(stored.error());
    }
    auto record = stored ? decode_upload(stored->value) : stored.error();
    if (!record && record.error().code == Errc::corrupt) {
      co_return to_problem(record.error());
    }
    const bool there = record && record->state != UploadState::removed && !has_expired(*stored) &&
                       is_token_of(file.token, record->token_hash);
    if (!there) {
      co_return Problem(ProblemType::not_found, label + "no such upload, or a wrong token");
    }
    if (record->state == UploadState::shared && record->share != share) {
      co_return Problem(ProblemType::invalid_request, label + "it is in another share already");
    }
    if (record->state != UploadState::open) {
      Bound bound;
      bound.file = std::move(file);
      bound.record = std::move(*record);
      bound.version = stored->version;
      co_return bound;
    }
    // It may be whole and only not recorded as such; asking for its offset repairs that.
    if (record->length && attempt == 0) {
      FERRY_CO_TRY(progress, co_await uploads_.head(file.upload));
      if (progress.complete) {
        continue;
      }
    }
    break;
  }
  co_return Problem(ProblemType::upload_incomplete, label + "bytes are missing");
}

Awaitable<Outcome<void>> ShareService::bind(std::string share, std::vector<Bound>& files,
                                            std::chrono::seconds life) {
  for (std::size_t first = 0; first < files.size(); first += max_batch_) {
    const auto chunk = std::span(files).subspan(first, std::min(max_batch_, files.size() - first));
    bool done = false;
    for (int attempt = 0; attempt < kMaxAttempts && !done; ++attempt) {
      std::vector<Write> batch;
      for (auto& each : chunk) {
        auto record = each.record;
        record.state = UploadState::shared;
        record.share = share;
        batch.push_back(Write::put(upload_key(each.file.upload), encode(record))
                            .if_version(each.version)
                            .due_in(life + kMargin, std::string(kSweepQueue)));
      }
      const auto committed = co_await storage_.apply(std::move(batch));
      done = committed.has_value();
      if (!done && committed.error().code != Errc::version_mismatch) {
        co_return to_problem(committed.error());
      }
      for (std::size_t i = 0; !done && i < chunk.size(); ++i) {
        FERRY_CO_TRY(again, co_await load_one(share, chunk[i].file, label_of(first + i)));
        chunk[i] = std::move(again);
      }
    }
    if (!done) {
      co_return to_problem(Error(Errc::version_mismatch));
    }
  }
  co_return Outcome<void>();
}

Awaitable<Result<Version>> ShareService::save(std::string id, ShareRecord record, Version version) {
  std::vector<Write> batch;
  batch.push_back(Write::put(share_key(id), encode(record))
                      .if_version(version)
                      .expire_in(record.life + kAfterlife)
                      .due_in(record.life, std::string(kSweepQueue)));
  FERRY_CO_TRY(committed, co_await storage_.apply(std::move(batch)));
  co_return committed.versions.front();
}

}  // namespace ferry::shares
