#pragma once
#include <ferry/transport.hpp>

#include <boost/asio/ip/tcp.hpp>

namespace ferry::tcp {

struct ListenOptions {
  boost::asio::ip::tcp::endpoint endpoint;
  int backlog = 4096;
  bool reuse_port = true;
  bool v6_only = false;
  Millis user_timeout{30000};  ///< unacknowledged data ends a connection after this time
};

class TcpListener final : public Listener {
 public:
  /// unavailable, permission_denied or invalid_argument with the address in the text. `probe`: the
  /// endpoint must not be bound by anybody, not even by a process that shares ports as we do.
  static Result<std::unique_ptr<TcpListener>> open(boost::asio::any_io_executor executor,
                                                   const ListenOptions& options, bool probe);

  explicit TcpListener(boost::asio::ip::tcp::acceptor acceptor);
  std::string endpoint() const override { return text_; }
  std::uint16_t port() const noexcept { return local_.port(); }
  Awaitable<Result<std::unique_ptr<StreamImpl>>> accept() override;
  void close() noexcept override;

 private:
  Result<std::unique_ptr<StreamImpl>> adopt(int fd, const sockaddr* address, std::size_t length);

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp::endpoint local_;
  std::string text_;
};

}  // namespace ferry::tcp
