#pragma once
// What is remembered of uploads and shares, and how it is written: JSON with a version, times in
// milliseconds. Pure.
#include "base/crypto.hpp"
#include "base/time.hpp"

#include <ferry/storage.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ferry::shares {

enum class UploadState : std::uint8_t {
  open,      ///< bytes are missing, or finish() was not recorded yet
  complete,  ///< the blob is finished and belongs to no share
  shared,    ///< the blob belongs to `share`, and lives as long
  removed,   ///< terminated; the blob may still be there
};

struct UploadRecord {
  UploadState state = UploadState::open;
  std::optional<std::uint64_t> length;  ///< bytes; absent while deferred
  /// Bytes that were durable when this was written; while open the blob may hold more.
  std::uint64_t offset = 0;
  std::string blob;        ///< BlobKey
  std::string blob_token;  ///< of the last recorded checkpoint
  std::string metadata;    ///< Upload-Metadata as sent
  Digest token_hash{};     ///< SHA-256 of the Upload-Token
  /// Grows whenever a node takes the writer, so that the one before can record nothing more.
  std::uint64_t epoch = 0;
  std::string share;  ///< id, when shared
  WallTime created;

  bool operator==(const UploadRecord&) const = default;
};

struct ShareFile {
  std::string name;  ///< clean_name()
  std::string type;  ///< clean_type()
  std::uint64_t size = 0;
  std::string sha256;  ///< hex as the sender says; empty when unknown
  std::string upload;  ///< id
  std::string blob;    ///< BlobKey

  bool operator==(const ShareFile&) const = default;
};

enum class ShareState : std::uint8_t {
  open,     ///< the link works, the files are on their way
  ready,    ///< complete
  removed,  ///< by its owner or by expiry; kept for a day to say so
};

struct ShareRecord {
  ShareState state = ShareState::open;
  std::vector<ShareFile> files;
  Digest owner_hash{};  ///< SHA-256 of the owner token
  WallTime created;
  WallTime expires;              ///< shown to people; what counts is the store's clock
  std::chrono::seconds life{0};  ///< chosen at creation; runs from the moment of completion

  bool operator==(const ShareRecord&) const = default;
};

RecordKey upload_key(const std::string& id);
RecordKey share_key(const std::string& id);
inline constexpr std::string_view kUploadSpace = "upload";
inline constexpr std::string_view kShareSpace = "share";
/// The work queue that the janitor serves.
inline constexpr std::string_view kSweepQueue = "sweep";

/// Records outlive their use by this long, so that late comers hear "expired" and not "unknown".
inline constexpr Millis kAfterlife = std::chrono::hours(24);
/// True when only the afterlife is left. By the store's clock.
bool has_expired(const Record& record);

Bytes encode(const UploadRecord& record);
Bytes encode(const ShareRecord& record);
/// Errors: corrupt.
Result<UploadRecord> decode_upload(ByteView bytes);
Result<ShareRecord> decode_share(ByteView bytes);

}  // namespace ferry::shares
