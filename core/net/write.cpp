#include "net/write.hpp"

#include "net/io_block.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <fcntl.h>
#include <sys/sendfile.h>

namespace ferry::net {
namespace asio = boost::asio;
namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
/// One call takes at most this much, and after so much without waiting other connections of the
/// loop get their turn.
constexpr std::uint64_t kSlice = 2 * 1024 * 1024;
constexpr std::uint64_t kTurn = 4 * kSlice;

}  // namespace

Awaitable<boost::system::error_code> write_all(const Stream& stream, asio::const_buffer first,
                                               asio::const_buffer second, Progress& progress) {
  std::array<asio::const_buffer, 2> buffers{first, second};
  progress.step(0);
  while (buffers[0].size() + buffers[1].size() > 0) {
    const std::size_t skip = buffers[0].size() == 0 ? 1 : 0;
    const std::span<const asio::const_buffer> left(buffers.data() + skip, buffers.size() - skip);
    auto [ec, n] = co_await stream.async_write_some(left, kTuple);
    if (ec) {
      co_return ec;
    }
    progress.step(n);
    for (auto& buffer : buffers) {
      const auto taken = std::min(n, buffer.size());
      buffer += taken;
      n -= taken;
    }
  }
  co_return boost::system::error_code();
}

Awaitable<boost::system::error_code> send_file(const Stream& stream, const FileRegion& region,
                                               Progress& progress) {
  const int socket = stream.impl().sendfile_socket();
  auto offset = static_cast<off_t>(region.offset());
  std::uint64_t left = region.length();
  std::uint64_t turn = 0;
  if (left > kSlice) {
    ::posix_fadvise(region.fd(), offset, static_cast<off_t>(left), POSIX_FADV_SEQUENTIAL);
  }
  progress.step(0);
  while (left > 0) {
    const auto n = ::sendfile(socket, region.fd(), &offset, std::min(left, kSlice));
    if (n > 0) {
      left -= static_cast<std::uint64_t>(n);
      turn += static_cast<std::uint64_t>(n);
      progress.step(static_cast<std::uint64_t>(n));
      if (turn >= kTurn && left > 0) {
        turn = 0;
        co_await asio::post(stream.get_executor(), asio::use_awaitable);
      }
      continue;
    }
    if (n == 0) {
      co_return asio::error::eof;
    }
    if (errno == EINTR) {
      continue;
    }
    if (errno != EAGAIN) {
      co_return boost::system::error_code(errno, boost::system::system_category());
    }
    turn = 0;
    const auto [ec] = co_await stream.async_wait_writable(kTuple);
    if (ec) {
      co_return ec;
    }
  }
  co_return boost::system::error_code();
}

Awaitable<boost::system::error_code> send_blocks(const Stream& stream, BlobReader& reader,
                                                 Progress& progress) {
  const IoBlock block;
  std::uint64_t left = reader.remaining();
  while (left > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left, IoBlock::kSize));
    progress.expiry.disarm();  // the store has its own deadlines
    const auto n = co_await reader.read(block.bytes().first(want));
    if (!n || *n == 0 || *n > want) {
      co_return asio::error::eof;
    }
    left -= *n;
    const auto ec =
        co_await write_all(stream, asio::buffer(block.bytes().data(), *n), {}, progress);
    if (ec) {
      co_return ec;
    }
  }
  co_return boost::system::error_code();
}

}  // namespace ferry::net
