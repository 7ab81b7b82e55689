#include "reader.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/uio.h>

namespace ferry::filesystem {

FileReader::FileReader(Host& host, File file, std::uint64_t size, std::uint64_t begin,
                       std::uint64_t end)
    : host_(host), file_(std::move(file)), size_(size), at_(begin), end_(end) {}

Awaitable<Result<std::size_t>> FileReader::read(std::span<std::byte> into) {
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), remaining())));
  if (into.empty()) {
    co_return std::size_t{0};
  }
  // What the page cache holds is read here: RWF_NOWAIT never waits for the disk.
  iovec target{into.data(), into.size()};
  const ssize_t cached = ::preadv2(file_.get(), &target, 1, static_cast<off_t>(at_), RWF_NOWAIT);
  if (cached > 0) {
    at_ += static_cast<std::uint64_t>(cached);
    co_return static_cast<std::size_t>(cached);
  }
  auto work = [this, into] { return read_all(file_.get(), into, at_); };
  auto read = co_await host_.blocking().run(std::move(work));
  if (!read) {
    co_return read;
  }
  if (*read < into.size()) {
    co_return Error(Errc::corrupt, "a blob is shorter than it was when it was opened");
  }
  at_ += *read;
  co_return read;
}

std::optional<FileRegion> FileReader::take_file() {
  const int copy = ::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) {
    return std::nullopt;  // out of descriptors: read() still works
  }
  return FileRegion(copy, at_, remaining());
}

}  // namespace ferry::filesystem
