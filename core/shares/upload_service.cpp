#include "shares/upload_service.hpp"

#include "base/encoding.hpp"
#include "base/try.hpp"
#include "shares/tus_headers.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <vector>

namespace asio = boost::asio;

namespace ferry::shares {
namespace {

/// Small enough to stay in the cache, large enough to make the hop to the blocking pool cheap.
constexpr std::size_t kBlockBytes = 512 * 1024;
/// How long a long request may run before the record hears of it.
constexpr std::chrono::seconds kRecordInterval{5};
constexpr std::chrono::seconds kIdleLife{60};
constexpr std::size_t kMaxIdle = 256;
constexpr int kMaxAttempts = 4;

Problem locked() {
  Problem problem(ProblemType::upload_locked);
  problem.retry_after = std::chrono::seconds(1);
  return problem;
}

}  // namespace

/// An upload as this node holds it; `version` says whether the record still is what it was.
struct UploadService::Session {
  UploadRecord record;
  Version version = 0;
  Millis remaining{0};                 // life of the record, afterlife not counted
  std::unique_ptr<BlobWriter> writer;  // while open
  Deadline saved = std::chrono::steady_clock::now();
  Deadline used = saved;
  bool tainted = false;  // a write failed: what the writer holds beyond `offset` is unknown

  bool complete() const {
    return record.state == UploadState::complete || record.state == UploadState::shared;
  }
};

UploadService::UploadService(Storage& storage, BlobStore& blobs, UploadSettings settings,
                             Logger& log, Metrics& metrics)
    : storage_(storage),
      blobs_(blobs),
      settings_(settings),
      log_(log),
      metrics_(metrics),
      max_bytes_(settings.max_bytes),
      shared_storage_(storage.caps().shared) {
  const auto blob_limit = blobs.caps().max_blob;
  if (blob_limit != 0 && (max_bytes_ == 0 || blob_limit < max_bytes_)) {
    max_bytes_ = blob_limit;
  }
}

UploadService::~UploadService() = default;

Awaitable<Outcome<CreatedUpload>> UploadService::create(std::optional<std::uint64_t> length,
                                                        std::string metadata) {
  if (length) {
    if (auto refused = over_limit(*length)) {
      co_return *refused;
    }
  }
  CreatedUpload created;
  created.id = random_id();
  created.token = base64url(random_bytes(32));
  auto session = std::make_unique<Session>();
  session->record.length = length;
  session->record.blob = random_id();
  session->record.metadata = std::move(metadata);
  session->record.token_hash = sha256(as_bytes(created.token));
  session->record.epoch = 1;
  session->record.created = std::chrono::system_clock::now();

  // Record before blob: a crash in between leaves a record that the janitor finds, never a blob
  // that nobody knows. Version 0 makes save() insist that there is no such record.
  if (const auto saved = co_await save(created.id, *session); !saved) {
    co_return storage_problem(saved.error(), "creating the record", *session);
  }
  auto writer = co_await blobs_.create(BlobKey(session->record.blob), length);
  if (!writer) {
    auto problem = storage_problem(writer.error(), "creating the blob", *session);
    (void)co_await discard(created.id, session->record, session->version);
    co_return problem;
  }
  session->writer = std::move(*writer);
  metrics_.created.add();
  if (length == 0U) {
    if (auto problem = co_await settle(created.id, *session)) {
      co_return *problem;
    }
  }
  created.progress = progress(*session);
  keep(created.id, std::move(session));
  co_return created;
}

Awaitable<Outcome<UploadProgress>> UploadService::append(std::string id, AppendRequest request,
                                                         Source source) {
  if (draining_) {
    co_return to_problem(Error(Errc::shutting_down));
  }
  auto lease = co_await locks_.acquire(id, settings_.patience);
  if (!lease) {
    co_return locked();
  }
  auto session = co_await open(id);
  if (!session) {
    co_return session.error();
  }
  if (auto refused = refuse(**session, request)) {
    keep(id, std::move(*session));
    co_return *refused;
  }
  if ((*session)->complete()) {
    // A repeated last request, whose answer was lost: the same answer again.
    co_return progress(**session);
  }
  co_return co_await receive(std::move(id), std::move(*lease), std::move(*session), request,
                             std::move(source));
}

Awaitable<Outcome<UploadProgress>> UploadService::head(std::string id) {
  auto lease = co_await locks_.acquire(id, settings_.patience);
  if (!lease) {
    co_return locked();
  }
  auto session = co_await open(id);
  if (!session) {
    co_return session.error();
  }
  auto answer = progress(**session);
  keep(id, std::move(*session));
  co_return answer;
}

Awaitable<Outcome<void>> UploadService::terminate(std::string id) {
  auto lease = co_await locks_.acquire(id, settings_.patience);
  if (!lease) {
    co_return locked();
  }
  take(id).reset();
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const auto stored = co_await storage_.get(upload_key(id));
    if (!stored) {
      co_return to_problem(stored.error());
    }
    auto record = decode_upload(stored->value);
    if (!record) {
      co_return to_problem(record.error());
    }
    if (record->state == UploadState::removed) {
      co_return Problem(ProblemType::not_found);
    }
    if (has_expired(*stored)) {
      co_return Problem(ProblemType::expired);
    }
    if (record->state == UploadState::shared) {
      co_return Problem(ProblemType::upload_locked, "It belongs to a share; remove the share.");
    }
    // The record says so first, and is due at once: if this node dies, another one goes on.
    record->state = UploadState::removed;
    std::vector<Write> batch;
    batch.push_back(Write::put(upload_key(id), encode(*record))
                        .if_version(stored->version)
                        .expire_in(settings_.expiry + kAfterlife)
                        .due_in(Millis(0), std::string(kSweepQueue)));
    const auto marked = co_await storage_.apply(std::move(batch));
    if (!marked && marked.error().code == Errc::version_mismatch) {
      continue;
    }
    if (!marked) {
      co_return to_problem(marked.error());
    }
    metrics_.terminated.add();
    const BlobKey blob(record->blob);
    const auto removed = co_await blobs_.remove(blob, record->blob_token);
    if (removed) {
      std::vector<Write> erase;
      erase.push_back(Write::erase(upload_key(id)).if_version(marked->versions.front()));
      (void)co_await storage_.apply(std::move(erase));
    } else {
      log_.warn("a terminated upload is left to the sweeper",
                {{"blob", record->blob}, {"reason", removed.error().detail}});
    }
    co_return Outcome<void>();
  }
  co_return locked();
}

Awaitable<Result<bool>> UploadService::discard(std::string id, UploadRecord record,
                                               Version version) {
  auto lease = co_await locks_.acquire(id, settings_.patience);
  if (!lease) {
    co_return Error(Errc::overloaded, "the upload is in use");
  }
  take(id).reset();
  const BlobKey blob(record.blob);
  FERRY_CO_CHECK(co_await blobs_.remove(blob, record.blob_token));
  std::vector<Write> erase;
  erase.push_back(Write::erase(upload_key(id)).if_version(version));
  const auto erased = co_await storage_.apply(std::move(erase));
  if (!erased && erased.error().code != Errc::version_mismatch) {
    co_return erased.error();
  }
  co_return erased.has_value();
}

void UploadService::close_idle() {
  const auto limit = std::chrono::steady_clock::now() - kIdleLife;
  std::vector<SessionPtr> closing;  // destroyed after the mutex is free
  const std::lock_guard lock(mutex_);
  for (auto at = idle_.begin(); at != idle_.end();) {
    if (at->second->used < limit) {
      closing.push_back(std::move(at->second));
      at = idle_.erase(at);
    } else {
      ++at;
    }
  }
}

void UploadService::drain() {
  draining_ = true;
  locks_.preempt_all();
}

// --- one upload ----------------------------------------------------------------------------------

Awaitable<Outcome<UploadService::SessionPtr>> UploadService::open(std::string id) {
  auto session = take(id);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    auto stored = co_await storage_.get(upload_key(id));
    if (!stored) {
      co_return to_problem(stored.error());
    }
    if (has_expired(*stored)) {
      co_return Problem(ProblemType::expired);
    }
    const auto remaining = stored->expires_in.value_or(kAfterlife) - kAfterlife;
    if (session && session->version == stored->version) {
      session->remaining = remaining;
      co_return session;
    }
    auto record = decode_upload(stored->value);
    if (!record) {
      log_.error("an upload's record is damaged", {{"reason", record.error().detail}});
      co_return to_problem(record.error());
    }
    if (record->state == UploadState::removed) {
      co_return Problem(ProblemType::not_found);
    }
    session = std::make_unique<Session>();
    session->record = std::move(*record);
    session->version = stored->version;
    session->remaining = remaining;
    if (session->complete()) {
      co_return session;
    }
    // Fence: from here on whoever wrote before can record nothing more.
    ++session->record.epoch;
    const auto claimed = co_await save(id, *session);
    if (claimed) {
      co_return co_await take_over(std::move(id), std::move(session));
    }
    if (claimed.error().code != Errc::version_mismatch) {
      co_return to_problem(claimed.error());
    }
    session = nullptr;
  }
  co_return locked();
}

Awaitable<Outcome<UploadService::SessionPtr>> UploadService::take_over(std::string id,
                                                                       SessionPtr session) {
  const auto resumed = co_await resume_writer(*session);
  if (!resumed) {
    co_return storage_problem(resumed.error(), "resuming the blob", *session);
  }
  const bool finished_unrecorded =
      session->complete() || (session->writer && session->record.length == session->record.offset);
  if (finished_unrecorded) {
    if (auto problem = co_await settle(id, *session)) {
      co_return *problem;
    }
  }
  co_return session;
}

Awaitable<Result<void>> UploadService::resume_writer(Session& session) {
  auto& record = session.record;
  const BlobKey blob(record.blob);
  auto writer = co_await blobs_.resume(blob, record.blob_token);
  if (!writer && writer.error().code == Errc::already_exists) {
    // The node died between finish() and recording it.
    FERRY_CO_TRY(info, co_await blobs_.stat(blob));
    if (record.length && *record.length != info.size) {
      co_return Error(Errc::corrupt, "the finished blob has another size than was announced");
    }
    record.length = info.size;
    record.offset = info.size;
    record.state = UploadState::complete;
    co_return Result<void>();
  }
  if (!writer && writer.error().code == Errc::not_found && record.offset == 0) {
    // The node died between recording the upload and creating its blob.
    writer = co_await blobs_.create(blob, record.length);
  }
  if (!writer) {
    if (writer.error().code == Errc::not_found) {
      co_return Error(Errc::corrupt, "the blob of an upload has vanished");
    }
    co_return writer.error();
  }
  session.writer = std::move(*writer);
  record.offset = session.writer->accepted();
  if (record.length && record.offset > *record.length) {
    co_return Error(Errc::corrupt, "the blob is longer than was announced");
  }
  co_return Result<void>();
}

std::optional<Problem> UploadService::refuse(Session& session, const AppendRequest& request) const {
  auto& record = session.record;
  if (request.offset != record.offset) {
    Problem problem(ProblemType::mismatching_upload_offset);
    problem.extra.emplace_back("expected_offset", std::to_string(record.offset));
    problem.extra.emplace_back("provided_offset", std::to_string(request.offset));
    return problem;
  }
  auto length = record.length;
  if (request.length) {
    if (length ? *length != *request.length : *request.length < record.offset) {
      return Problem(ProblemType::inconsistent_upload_length);
    }
    if (auto refused = over_limit(*request.length)) {
      return refused;
    }
    length = request.length;
  }
  if (request.body_length) {
    if (*request.body_length > kMaxLength ||
        (length && record.offset + *request.body_length > *length)) {
      return Problem(ProblemType::inconsistent_upload_length,
                     "The body is longer than what is missing of the upload.");
    }
    if (auto refused = over_limit(record.offset + *request.body_length)) {
      return refused;
    }
  }
  record.length = length;
  return std::nullopt;
}

Awaitable<UploadProgress> UploadService::receive(std::string id, UploadLocks::Lease lease,
                                                 SessionPtr session, AppendRequest request,
                                                 Source source) {
  // The reader refers to the request: it must be joined even when this coroutine is cancelled.
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto executor = co_await asio::this_coro::executor;
  metrics_.receiving.add(1);
  const auto intake = Intake::start(executor, std::move(source), kBlockBytes);
  lease.on_preempt([intake] { intake->stop(); });

  std::optional<Problem> stopped;
  try {
    stopped = co_await pump(id, *session, *intake);
    if (!stopped && intake->error()) {
      stopped = interrupted(*intake->error(), lease.preempted());
    } else if (!stopped && request.last && !session->record.length) {
      session->record.length = session->writer->accepted();
    }
    if (auto failed = co_await settle(id, *session)) {
      stopped = std::move(failed);
    }
  } catch (const std::exception& e) {
    log_.error("an upload was interrupted by an exception", {{"reason", e.what()}});
    stopped = Problem(ProblemType::internal);
    session->writer = nullptr;
  }
  auto answer = progress(*session);
  answer.stopped = std::move(stopped);
  keep(id, std::move(session));
  lease.release();
  intake->stop();
  co_await intake->join();
  metrics_.receiving.add(-1);
  co_await asio::this_coro::throw_if_cancelled(true);
  co_return answer;
}

Awaitable<std::optional<Problem>> UploadService::pump(const std::string& id, Session& session,
                                                      Intake& intake) {
  auto& writer = *session.writer;
  auto synced_at = std::chrono::steady_clock::now();
  std::uint64_t unsynced = 0;
  while (!intake.drained()) {
    const auto block = co_await intake.take(synced_at + settings_.checkpoint_interval);
    const auto end = writer.accepted() + block.size();
    if (session.record.length && end > *session.record.length) {
      co_return Problem(ProblemType::inconsistent_upload_length,
                        "The body is longer than what is missing of the upload.");
    }
    if (auto refused = over_limit(end)) {
      co_return refused;
    }
    if (!block.empty()) {
      if (const auto written = co_await write(session, block); !written) {
        co_return storage_problem(written.error(), "writing", session);
      }
      unsynced += block.size();
    }
    const auto now = std::chrono::steady_clock::now();
    const bool due = now - synced_at >= settings_.checkpoint_interval;
    if (intake.drained() || (unsynced < settings_.checkpoint_bytes && !due)) {
      continue;
    }
    synced_at = now;
    if (std::exchange(unsynced, 0) == 0) {
      continue;
    }
    if (const auto synced = co_await checkpoint(session); !synced) {
      co_return storage_problem(synced.error(), "making durable", session);
    }
    if (now - session.saved >= kRecordInterval) {
      if (const auto saved = co_await save(id, session); !saved) {
        co_return storage_problem(saved.error(), "recording", session);
      }
    } else if (shared_storage_ && !co_await still_ours(id, session)) {
      co_return locked();
    }
  }
  co_return std::nullopt;
}

Awaitable<Result<void>> UploadService::write(Session& session, ByteView block) {
  const auto written = co_await session.writer->write(block);
  if (written) {
    metrics_.upload_bytes.add(block.size());
  } else {
    session.tainted = true;
  }
  co_return written;
}

Awaitable<Result<void>> UploadService::checkpoint(Session& session) {
  FERRY_CO_TRY(done, co_await session.writer->checkpoint());
  session.record.offset = done.durable;
  session.record.blob_token = std::move(done.token);
  co_return Result<void>();
}

/// Ends a request: makes durable what arrived, finishes what is whole, records it.
Awaitable<std::optional<Problem>> UploadService::settle(const std::string& id, Session& session) {
  std::optional<Problem> problem;
  if (session.writer) {
    const bool whole = !session.tainted && session.record.length == session.writer->accepted();
    const auto done = co_await (whole ? finish(session) : checkpoint(session));
    if (!done) {
      problem = storage_problem(done.error(), whole ? "finishing" : "making durable", session);
    }
    // A writer that failed, finished or took more than is durable is no place to go on from.
    if (problem || whole || session.tainted ||
        session.writer->accepted() != session.record.offset) {
      session.writer = nullptr;
    }
  }
  if (const auto saved = co_await save(id, session); !saved) {
    session.writer = nullptr;
    session.version = 0;
    if (!problem) {
      problem = storage_problem(saved.error(), "recording", session);
    }
  } else if (session.record.state == UploadState::complete) {
    metrics_.finished.add();
  }
  co_return problem;
}

Awaitable<Result<void>> UploadService::finish(Session& session) {
  FERRY_CO_TRY(info, co_await session.writer->finish());
  if (info.size != session.record.length) {
    co_return Error(Errc::corrupt, "the finished blob has another size than was written");
  }
  session.record.offset = info.size;
  session.record.state = UploadState::complete;
  co_return Result<void>();
}

Awaitable<Result<void>> UploadService::save(const std::string& id, Session& session) {
  std::vector<Write> batch;
  batch.push_back(Write::put(upload_key(id), encode(session.record))
                      .if_version(session.version)
                      .expire_in(settings_.expiry + kAfterlife)
                      .due_in(settings_.expiry, std::string(kSweepQueue)));
  FERRY_CO_TRY(committed, co_await storage_.apply(std::move(batch)));
  session.version = committed.versions.front();
  session.remaining = settings_.expiry;
  session.saved = std::chrono::steady_clock::now();
  co_return Result<void>();
}

Awaitable<bool> UploadService::still_ours(const std::string& id, const Session& session) {
  const auto stored = co_await storage_.get(upload_key(id));
  // An unreachable store says nothing; the next save() decides.
  co_return stored ? stored->version == session.version : stored.error().code != Errc::not_found;
}

// --- small things --------------------------------------------------------------------------------

std::optional<Problem> UploadService::over_limit(std::uint64_t bytes) const {
  if (max_bytes_ == 0 || bytes <= max_bytes_) {
    return std::nullopt;
  }
  return Problem(ProblemType::too_large,
                 "An upload may have " + std::to_string(max_bytes_) + " bytes.");
}

Problem UploadService::interrupted(const Error& error, bool preempted) const {
  if (draining_) {
    return to_problem(Error(Errc::shutting_down));
  }
  if (preempted) {
    return Problem(ProblemType::upload_locked, "A newer request took this upload over.");
  }
  if (error.code == Errc::timeout) {
    return Problem(ProblemType::too_slow);
  }
  return Problem(ProblemType::malformed_request, "The body ended early.");
}

Problem UploadService::storage_problem(const Error& error, std::string_view doing,
                                       const Session& session) {
  if (error.code == Errc::version_mismatch) {
    return locked();
  }
  if (!is_retryable(error.code) && error.code != Errc::quota_exceeded) {
    metrics_.failed.add();
  }
  log_.warn("an upload could not go on", {{"while", doing},
                                          {"blob", session.record.blob},
                                          {"error", name_of(error.code)},
                                          {"reason", error.detail}});
  return to_problem(error);
}

UploadProgress UploadService::progress(const Session& session) const {
  UploadProgress out;
  out.offset = session.record.offset;
  out.length = session.record.length;
  out.complete = session.complete();
  out.metadata = session.record.metadata;
  if (session.record.state != UploadState::shared) {
    out.expires = std::chrono::system_clock::now() + session.remaining;
  }
  return out;
}

void UploadService::keep(const std::string& id, SessionPtr session) {
  if (!session->writer || session->version == 0) {
    return;
  }
  session->used = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdle) {
    idle_[id] = std::move(session);
  }
}

UploadService::SessionPtr UploadService::take(const std::string& id) {
  const std::lock_guard lock(mutex_);
  auto node = idle_.extract(id);
  return node ? std::move(node.mapped()) : nullptr;
}

}  // namespace ferry::shares
