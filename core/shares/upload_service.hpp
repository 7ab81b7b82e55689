#pragma once
#include "base/problem.hpp"
#include "base/time.hpp"
#include "shares/intake.hpp"
#include "shares/records.hpp"
#include "shares/settings.hpp"
#include "shares/share_metrics.hpp"
#include "shares/upload_locks.hpp"

#include <ferry/blob_store.hpp>
#include <ferry/storage.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace ferry::shares {

/// Where an upload stands. Every offset here is durable.
struct UploadProgress {
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
  bool complete = false;
  std::string metadata;             ///< Upload-Metadata as sent
  std::optional<WallTime> expires;  ///< while unfinished
  /// Why the bytes of this request were not all taken; what arrived before is kept.
  std::optional<Problem> stopped;
};

struct CreatedUpload {
  std::string id;     ///< 32 hex: the capability to write
  std::string token;  ///< the capability to put it in a share
  UploadProgress progress;
};

struct AppendRequest {
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;       ///< Upload-Length of a deferred upload
  std::optional<std::uint64_t> body_length;  ///< when the request says so
  bool last = false;  ///< a deferred length ends with this body (PUT with chunked coding)
};

/// Resumable incoming byte strings. The record is the truth about an upload, the blob store about
/// its bytes; this class keeps only open writers, so that any instance on any node goes on where
/// another stopped. Safe from any loop. What it is given must outlive it.
///
/// An upload has one writer: on a node by UploadLocks, between nodes by the record's version, which
/// every taking over of the writer changes, so that the loser can acknowledge nothing.
class UploadService {
 public:
  UploadService(Storage& storage, BlobStore& blobs, UploadSettings settings, Logger& log,
                Metrics& metrics);
  ~UploadService();

  /// Bytes; 0 = unlimited. The smaller of the setting and the blob store's own limit.
  std::uint64_t max_bytes() const { return max_bytes_; }

  /// Errors: too_large, storage_full.
  Awaitable<Outcome<CreatedUpload>> create(std::optional<std::uint64_t> length,
                                           std::string metadata);
  /// Writes what `source` gives until it ends. Pre-empts an older request for the same upload.
  /// Errors, before anything was read: not_found, expired, upload_locked,
  /// mismatching_upload_offset, inconsistent_upload_length, too_large; later ones are in `stopped`.
  /// What `source` refers to must live until completion.
  Awaitable<Outcome<UploadProgress>> append(std::string id, AppendRequest request, Source source);
  /// Pre-empts a running append(), so that the answer is where the next one has to start.
  Awaitable<Outcome<UploadProgress>> head(std::string id);
  /// Errors: not_found, expired, upload_locked (running and not letting go, or in a share).
  Awaitable<Outcome<void>> terminate(std::string id);

  /// Removes the blob, then the record if it still has `version`. False: somebody else changed it.
  Awaitable<Result<bool>> discard(std::string id, UploadRecord record, Version version);
  /// Closes writers that nobody used for a minute.
  void close_idle();
  /// Running appends stop, make durable what arrived and answer `draining`.
  void drain();

 private:
  struct Session;
  using SessionPtr = std::unique_ptr<Session>;

  Awaitable<Outcome<SessionPtr>> open(std::string id);
  Awaitable<Outcome<SessionPtr>> take_over(std::string id, SessionPtr session);
  Awaitable<Result<void>> resume_writer(Session& session);
  Awaitable<UploadProgress> receive(std::string id, UploadLocks::Lease lease, SessionPtr session,
                                    AppendRequest request, Source source);
  Awaitable<std::optional<Problem>> pump(const std::string& id, Session& session, Intake& intake);
  Awaitable<Result<void>> write(Session& session, ByteView block);
  Awaitable<std::optional<Problem>> settle(const std::string& id, Session& session);
  Awaitable<Result<void>> checkpoint(Session& session);
  Awaitable<Result<void>> finish(Session& session);
  Awaitable<Result<void>> save(const std::string& id, Session& session);
  Awaitable<bool> still_ours(const std::string& id, const Session& session);
  std::optional<Problem> refuse(Session& session, const AppendRequest& request) const;
  std::optional<Problem> over_limit(std::uint64_t bytes) const;
  Problem interrupted(const Error& error, bool preempted) const;
  Problem storage_problem(const Error& error, std::string_view doing, const Session& session);
  UploadProgress progress(const Session& session) const;
  void keep(const std::string& id, SessionPtr session);
  SessionPtr take(const std::string& id);

  Storage& storage_;
  BlobStore& blobs_;
  UploadSettings settings_;
  Logger& log_;
  ShareMetrics metrics_;
  std::uint64_t max_bytes_;
  bool shared_storage_;
  UploadLocks locks_;
  std::atomic<bool> draining_{false};
  std::mutex mutex_;
  std::unordered_map<std::string, SessionPtr> idle_;  // guarded by mutex_
};

}  // namespace ferry::shares
