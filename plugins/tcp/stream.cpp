#include "stream.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

namespace ferry::tcp {
namespace asio = boost::asio;
namespace {

/// A copy of the caller's buffer list, which need not outlive the call. Asio passes at most 64
/// buffers to one system call; what does not fit is simply not part of this "some".
template <class Buffer, std::size_t N>
class BufferList {
 public:
  explicit BufferList(std::span<const Buffer> from) : size_(std::min(N, from.size())) {
    std::copy_n(from.begin(), size_, buffers_.begin());
  }
  const Buffer* begin() const { return buffers_.data(); }
  const Buffer* end() const { return buffers_.data() + size_; }

 private:
  std::array<Buffer, N> buffers_;
  std::size_t size_;
};

template <class Buffer, class Start>
void with_buffers(std::span<const Buffer> buffers, Start start) {
  if (buffers.size() == 1) {
    start(buffers.front());
  } else if (buffers.size() <= 8) {
    start(BufferList<Buffer, 8>(buffers));
  } else {
    start(BufferList<Buffer, 64>(buffers));
  }
}

}  // namespace

TcpStream::TcpStream(Socket socket, PeerInfo peer)
    : socket_(std::move(socket)), peer_(std::move(peer)) {}

void TcpStream::read_some(std::span<const asio::mutable_buffer> into, IoHandler done) {
  with_buffers(into,
               [&](const auto& buffers) { socket_.async_read_some(buffers, std::move(done)); });
}

void TcpStream::write_some(std::span<const asio::const_buffer> from, IoHandler done) {
  with_buffers(from,
               [&](const auto& buffers) { socket_.async_write_some(buffers, std::move(done)); });
}

void TcpStream::wait_writable(DoneHandler done) {
  socket_.async_wait(Socket::wait_write, std::move(done));
}

void TcpStream::shutdown(DoneHandler done) {
  boost::system::error_code ec;
  socket_.shutdown(Socket::shutdown_send, ec);
  asio::post(socket_.get_executor(), asio::append(std::move(done), ec));
}

void TcpStream::close() noexcept {
  boost::system::error_code ignored;  // the descriptor is released in any case
  socket_.close(ignored);
}

int TcpStream::sendfile_socket() noexcept {
  return socket_.is_open() ? socket_.native_handle() : -1;
}

}  // namespace ferry::tcp
