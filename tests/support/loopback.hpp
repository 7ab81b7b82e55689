#pragma once
// A transport over loopback TCP for tests of the server, and a client that sends raw bytes.
#include <ferry/transport.hpp>

#include <arpa/inet.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <functional>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace ferry::test {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

class LoopbackStream final : public StreamImpl {
 public:
  LoopbackStream(tcp::socket socket, bool plain) : socket_(std::move(socket)), plain_(plain) {
    socket_.native_non_blocking(true);
    peer_.address = socket_.remote_endpoint().address().to_string();
    peer_.port = socket_.remote_endpoint().port();
  }
  asio::any_io_executor get_executor() noexcept override { return socket_.get_executor(); }
  const PeerInfo& peer() const override { return peer_; }
  void read_some(std::span<const asio::mutable_buffer> into, IoHandler done) override {
    socket_.async_read_some(into, std::move(done));
  }
  void write_some(std::span<const asio::const_buffer> from, IoHandler done) override {
    socket_.async_write_some(from, std::move(done));
  }
  void wait_writable(DoneHandler done) override {
    socket_.async_wait(tcp::socket::wait_write, std::move(done));
  }
  void shutdown(DoneHandler done) override {
    boost::system::error_code ec;
    socket_.shutdown(tcp::socket::shutdown_send, ec);
    asio::post(socket_.get_executor(),
               [done = std::move(done), ec]() mutable { std::move(done)(ec); });
  }
  void close() noexcept override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  int sendfile_socket() noexcept override { return plain_ ? socket_.native_handle() : -1; }

 private:
  tcp::socket socket_;
  bool plain_;
  PeerInfo peer_;
};

class LoopbackListener final : public Listener {
 public:
  LoopbackListener(const asio::any_io_executor& executor, bool plain)
      : acceptor_(executor, {asio::ip::address_v4::loopback(), 0}), plain_(plain) {}
  std::string endpoint() const override {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  Awaitable<Result<std::unique_ptr<StreamImpl>>> accept() override {
    auto [ec, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (ec) {
      co_return Error(ec == asio::error::operation_aborted ? Errc::cancelled : Errc::internal);
    }
    std::unique_ptr<StreamImpl> stream =
        std::make_unique<LoopbackStream>(std::move(socket), plain_);
    co_return stream;
  }
  void close() noexcept override {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  tcp::acceptor acceptor_;
  bool plain_;
};

class LoopbackTransport final : public Transport {
 public:
  using ExecutorOf = std::function<asio::any_io_executor(std::size_t)>;
  /// `plain` false: as a TLS stream, without a socket for sendfile.
  explicit LoopbackTransport(ExecutorOf executor, bool plain = true)
      : executor_(std::move(executor)), plain_(plain) {}
  Awaitable<Result<void>> start() override { co_return Result<void>(); }
  Awaitable<Result<void>> ping() override { co_return Result<void>(); }
  Awaitable<void> stop() override { co_return; }
  Result<std::vector<std::unique_ptr<Listener>>> listen(std::size_t loop) override {
    std::vector<std::unique_ptr<Listener>> out;
    if (loop == 0) {
      out.push_back(std::make_unique<LoopbackListener>(executor_(0), plain_));
    }
    return out;
  }

 private:
  ExecutorOf executor_;
  bool plain_;
};

/// A blocking TCP client. Everything that takes longer than 5 s throws.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd_);
      throw std::runtime_error("connect failed");
    }
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { ::close(fd_); }

  void send(std::string_view text) {
    while (!text.empty()) {
      const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) {
        throw std::runtime_error("send failed");
      }
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  void end() { ::shutdown(fd_, SHUT_WR); }

  /// More bytes of the server; empty at its end of stream (or reset).
  std::string receive() {
    pollfd p{fd_, POLLIN, 0};
    if (::poll(&p, 1, 5000) != 1) {
      throw std::runtime_error("the server says nothing");
    }
    std::string out(65536, '\0');
    const auto n = ::recv(fd_, out.data(), out.size(), 0);
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  }
  std::string exactly(std::size_t n) {
    while (buffer_.size() < n) {
      const auto more = receive();
      if (more.empty()) {
        throw std::runtime_error("end of stream after: " + buffer_);
      }
      buffer_ += more;
    }
    auto out = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return out;
  }
  std::string to_end() {
    for (auto more = receive(); !more.empty(); more = receive()) {
      buffer_ += more;
    }
    return std::exchange(buffer_, {});
  }

  struct Answer {
    unsigned status = 0;
    std::string head;
    std::string body;
    /// Value of a field, as sent; empty when absent.
    std::string field(const std::string& name) const {
      const auto at = head.find("\r\n" + name + ": ");
      if (at == std::string::npos) {
        return {};
      }
      const auto start = at + name.size() + 4;
      return head.substr(start, head.find("\r\n", start) - start);
    }
  };
  /// One response; `no_body`: to a HEAD request.
  Answer answer(bool no_body = false) {
    Answer out;
    while (buffer_.find("\r\n\r\n") == std::string::npos) {
      const auto more = receive();
      if (more.empty()) {
        throw std::runtime_error("end of stream after: " + buffer_);
      }
      buffer_ += more;
    }
    out.head = exactly(buffer_.find("\r\n\r\n") + 4);
    out.status = static_cast<unsigned>(std::stoul(out.head.substr(9, 3)));
    const auto length = out.field("Content-Length");
    if (!no_body && !length.empty()) {
      out.body = exactly(std::stoul(length));
    }
    return out;
  }
  Answer ask(std::string_view request, bool no_body = false) {
    send(request);
    return answer(no_body);
  }

 private:
  int fd_;
  std::string buffer_;
};

}  // namespace ferry::test
