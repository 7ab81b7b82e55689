#include "listener.hpp"

#include "address.hpp"
#include "stream.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace ferry::tcp {
namespace asio = boost::asio;
using boost::system::error_code;
namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

Error bind_error(const asio::ip::tcp::endpoint& endpoint, const error_code& ec) {
  const std::string address = to_text(endpoint);
  switch (ec.value()) {
    case EADDRINUSE: return {Errc::unavailable, address + " is in use by another process"};
    case EADDRNOTAVAIL:
      return {Errc::unavailable, address + ": no interface of this machine has this address"};
    case EACCES:
      return {Errc::permission_denied,
              address +
                  ": this user may not listen there (ports below 1024 need CAP_NET_BIND_SERVICE)"};
    default: return {Errc::unavailable, "cannot listen on " + address + ": " + ec.message()};
  }
}

/// Opens and binds; the first error stops the chain.
void bind(asio::ip::tcp::acceptor& acceptor, const ListenOptions& options, bool reuse_port,
          error_code& ec) {
  const auto& endpoint = options.endpoint;
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) {
    acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  }
  if (!ec && reuse_port) {
    acceptor.set_option(ReusePort(true), ec);
  }
  if (!ec && endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(options.v6_only), ec);
  }
  if (!ec) {
    acceptor.bind(endpoint, ec);
  }
}

}  // namespace

Result<std::unique_ptr<TcpListener>> TcpListener::open(asio::any_io_executor executor,
                                                       const ListenOptions& options, bool probe) {
  error_code ec;
  if (probe && options.reuse_port && options.endpoint.port() != 0) {
    // With SO_REUSEPORT a second server of the same user would bind silently and share the traffic.
    asio::ip::tcp::acceptor alone(executor);
    bind(alone, options, false, ec);
    if (ec) {
      return bind_error(options.endpoint, ec);
    }
  }
  asio::ip::tcp::acceptor acceptor(executor);
  bind(acceptor, options, options.reuse_port, ec);
  // Accepted sockets inherit these two on Linux.
  if (!ec) {
    acceptor.set_option(asio::ip::tcp::no_delay(true), ec);
  }
  if (!ec && options.user_timeout.count() > 0) {
    acceptor.set_option(UserTimeout(static_cast<int>(options.user_timeout.count())), ec);
  }
  if (!ec) {
    acceptor.listen(options.backlog, ec);
  }
  if (!ec) {
    acceptor.native_non_blocking(true, ec);
  }
  if (ec) {
    return bind_error(options.endpoint, ec);
  }
  return std::make_unique<TcpListener>(std::move(acceptor));
}

TcpListener::TcpListener(asio::ip::tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {
  error_code ec;
  local_ = acceptor_.local_endpoint(ec);
  text_ = to_text(local_);
}

Awaitable<Result<std::unique_ptr<StreamImpl>>> TcpListener::accept() {
  for (;;) {
    if (!acceptor_.is_open()) {
      co_return Error(Errc::cancelled, "the listener is closed");
    }
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    const int fd = ::accept4(acceptor_.native_handle(), raw, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      auto stream = adopt(fd, raw, length);
      if (stream) {
        co_return stream;
      }
      continue;  // the peer is gone already
    }
    switch (errno) {
      case EAGAIN: break;
      case EINTR:
      case ECONNABORTED:
      case EPROTO: continue;
      case EMFILE:
      case ENFILE: co_return Error(Errc::overloaded, "no file descriptors left");
      default: co_return Error(Errc::unavailable, std::string("accept: ") + std::strerror(errno));
    }
    error_code ec;
    co_await acceptor_.async_wait(asio::ip::tcp::acceptor::wait_read,
                                  asio::redirect_error(asio::use_awaitable, ec));
    if (ec) {
      co_return Error(ec == asio::error::operation_aborted ? Errc::cancelled : Errc::unavailable,
                      ec.message());
    }
  }
}

Result<std::unique_ptr<StreamImpl>> TcpListener::adopt(int fd, const sockaddr* address,
                                                       std::size_t length) {
  asio::ip::tcp::endpoint remote;
  if (length <= remote.capacity()) {
    std::memcpy(remote.data(), address, length);
    remote.resize(length);
  }
  error_code ec;
  Socket socket(acceptor_.get_executor());
  socket.assign(local_.protocol(), fd, ec);
  if (ec) {
    ::close(fd);
    return Error(Errc::unavailable, ec.message());
  }
  socket.native_non_blocking(true, ec);
  auto ip = remote.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped()) {
    ip = asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6());
  }
  PeerInfo peer;
  peer.address = ip.to_string();
  peer.port = remote.port();
  return std::make_unique<TcpStream>(std::move(socket), std::move(peer));
}

void TcpListener::close() noexcept {
  error_code ignored;  // the descriptor is released in any case
  acceptor_.close(ignored);
}

}  // namespace ferry::tcp
