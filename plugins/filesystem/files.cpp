#include "files.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace ferry::filesystem {

File& File::operator=(File&& o) noexcept {
  if (this != &o) {
    if (fd_ >= 0) {
      ::close(fd_);
    }
    fd_ = std::exchange(o.fd_, -1);
  }
  return *this;
}

File::~File() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Error system_error(const std::string& what, int number) {
  Errc code = Errc::unavailable;
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: code = Errc::quota_exceeded; break;
    case ENOENT: code = Errc::not_found; break;
    case EEXIST: code = Errc::already_exists; break;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP: code = Errc::permission_denied; break;
    case EMFILE:
    case ENFILE: code = Errc::overloaded; break;
    default: break;
  }
  return {code, what + ": " + std::strerror(number)};
}

Result<void> write_all(int fd, ByteView first, ByteView second, std::uint64_t offset) {
  while (!first.empty() || !second.empty()) {
    std::array<iovec, 2> parts{};
    // iovec has no const; pwritev does not write through it
    parts[0] = {const_cast<std::byte*>(first.data()), first.size()};
    parts[1] = {const_cast<std::byte*>(second.data()), second.size()};
    const ssize_t n = ::pwritev(fd, parts.data(), 2, static_cast<off_t>(offset));
    if (n < 0) {
      if (errno == EINTR) {
        continue;
      }
      return system_error("cannot write", errno);
    }
    auto done = static_cast<std::size_t>(n);
    offset += done;
    const std::size_t of_first = std::min(done, first.size());
    first = first.subspan(of_first);
    second = second.subspan(done - of_first);
  }
  return {};
}

Result<std::size_t> read_all(int fd, std::span<std::byte> into, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t n =
        ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (n < 0) {
      if (errno == EINTR) {
        continue;
      }
      return system_error("cannot read", errno);
    }
    if (n == 0) {
      break;
    }
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Result<std::uint64_t> size_of(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) {
    return system_error("cannot stat", errno);
  }
  return static_cast<std::uint64_t>(info.st_size);
}

}  // namespace ferry::filesystem
