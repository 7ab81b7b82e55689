#pragma once
#include <ferry/plugin.hpp>

#include <optional>

namespace ferry {

struct BlobKey {
  explicit BlobKey(std::string v) : value(std::move(v)) {}
  std::string value;  ///< [a-z0-9]{8,64}; made by the core, never by a client
};

struct ByteRange {
  explicit ByteRange(std::uint64_t o = 0, std::optional<std::uint64_t> n = {})
      : offset(o), length(n) {}
  std::uint64_t offset;
  std::optional<std::uint64_t> length;  ///< absent: to the end
};

struct BlobInfo {
  BlobInfo() = default;
  std::uint64_t size = 0;
};

struct BlobCaps {
  BlobCaps() = default;
  bool shared = false;      ///< readable and resumable from every node
  bool durable = false;     ///< what checkpoint() reports survives a power cut
  bool local_file = false;  ///< BlobReader::take_file() works
  bool presign_get = false;
  bool list = false;
  std::uint64_t preferred_part = 0;  ///< bytes; hint for clients that choose a chunk size; 0 = any
  std::uint64_t max_blob = 0;        ///< bytes; 0 = unlimited
};

/// Part of an open file that the server may send with sendfile(2). Owns the descriptor.
class FERRY_API FileRegion {
 public:
  FileRegion(int fd, std::uint64_t offset, std::uint64_t length) noexcept
      : fd_(fd), offset_(offset), length_(length) {}
  FileRegion(FileRegion&& o) noexcept : fd_(o.fd_), offset_(o.offset_), length_(o.length_) {
    o.fd_ = -1;
  }
  FileRegion& operator=(FileRegion&&) = delete;
  ~FileRegion();
  int fd() const noexcept { return fd_; }
  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t length() const noexcept { return length_; }

 private:
  int fd_;
  std::uint64_t offset_;
  std::uint64_t length_;
};

/// Used by one coroutine at a time; may be destroyed whenever no call is outstanding.
class FERRY_API BlobReader {
 public:
  virtual ~BlobReader();
  virtual std::uint64_t size() const = 0;       ///< of the whole blob
  virtual std::uint64_t remaining() const = 0;  ///< of the range
  /// Fills a prefix of `into` (kept valid by the caller); 0 = end of the range.
  virtual Awaitable<Result<std::size_t>> read(std::span<std::byte> into) = 0;
  /// At most once, before any read(); the default answers nothing.
  virtual std::optional<FileRegion> take_file();
};

/// Used by one coroutine at a time. Destroying it without finish() keeps what was checkpointed.
class FERRY_API BlobWriter {
 public:
  struct Checkpoint {
    Checkpoint() = default;
    std::uint64_t durable = 0;  ///< bytes, <= accepted(); resume() continues here
    std::string token;          ///< <= 4 KiB, opaque, kept by the core in the upload's record
  };

  virtual ~BlobWriter();
  virtual std::uint64_t accepted() const = 0;  ///< bytes taken by write() so far, resumed included
  /// All or error; may buffer. `bytes` is kept valid by the caller until completion.
  /// quota_exceeded: the device is full; what was checkpointed stays and a resume may succeed.
  virtual Awaitable<Result<void>> write(ByteView bytes) = 0;
  /// Makes everything accepted durable as far as the backend can, and says how far.
  virtual Awaitable<Result<Checkpoint>> checkpoint() = 0;
  /// Atomic: absent before, complete and durable after. Idempotent through resume()+finish().
  virtual Awaitable<Result<BlobInfo>> finish() = 0;
};

struct PresignOptions {
  PresignOptions() = default;
  std::chrono::seconds valid_for{300};
  std::string content_disposition;
  std::string content_type;
};

/// Immutable byte strings, invisible to open() and stat() until finished.
/// Thread safety: every method from any loop, concurrently; per key the core calls create, resume
/// and remove one at a time.
class FERRY_API BlobStore : public Plugin {
 public:
  virtual BlobCaps caps() const = 0;
  /// `size`: declared length if known; the store may reserve it (quota_exceeded if it cannot).
  virtual Awaitable<Result<std::unique_ptr<BlobWriter>>> create(
      BlobKey key, std::optional<std::uint64_t> size) = 0;
  /// Continues at the durable offset, which is >= that of the token's checkpoint. An empty token
  /// means "created, never checkpointed". A finished blob: already_exists. Nothing: not_found.
  virtual Awaitable<Result<std::unique_ptr<BlobWriter>>> resume(BlobKey key, std::string token) = 0;
  /// not_found when absent or unfinished; invalid_argument when the range starts beyond the end.
  virtual Awaitable<Result<std::unique_ptr<BlobReader>>> open(BlobKey key, ByteRange range) = 0;
  virtual Awaitable<Result<BlobInfo>> stat(BlobKey key) = 0;
  /// Finished or not; also aborts what `token` refers to. Missing is success. Open readers finish.
  virtual Awaitable<Result<void>> remove(BlobKey key, std::string token) = 0;

  // Optional; the defaults answer not_supported.
  virtual Awaitable<Result<std::string>> presign_get(BlobKey key, PresignOptions options);
  virtual Awaitable<Result<std::vector<std::string>>> list(std::string after, std::size_t limit);
};

}  // namespace ferry
