#pragma once
// Descriptors and whole reads and writes. Everything here blocks.
#include <ferry/bytes.hpp>
#include <ferry/error.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace ferry::filesystem {

/// Owns a descriptor.
class File {
 public:
  File() = default;
  explicit File(int fd) noexcept : fd_(fd) {}
  File(File&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  File& operator=(File&& o) noexcept;
  ~File();
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// quota_exceeded for a full device, not_found, permission_denied, overloaded (no descriptors
/// left), else unavailable; the text is "<what>: <reason>".
Error system_error(const std::string& what, int number);

/// Writes all of `first`, then all of `second`, at `offset`.
Result<void> write_all(int fd, ByteView first, ByteView second, std::uint64_t offset);
/// Bytes read; fewer than asked only at the end of the file.
Result<std::size_t> read_all(int fd, std::span<std::byte> into, std::uint64_t offset);
Result<std::uint64_t> size_of(int fd);

}  // namespace ferry::filesystem
