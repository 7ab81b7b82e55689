#pragma once
#include <ferry/transport.hpp>

#include <boost/asio/ip/tcp.hpp>

namespace ferry::tcp {

using Socket = boost::asio::ip::tcp::socket;

class TcpStream final : public StreamImpl {
 public:
  TcpStream(Socket socket, PeerInfo peer);

  boost::asio::any_io_executor get_executor() noexcept override { return socket_.get_executor(); }
  const PeerInfo& peer() const override { return peer_; }
  void read_some(std::span<const boost::asio::mutable_buffer> into, IoHandler done) override;
  void write_some(std::span<const boost::asio::const_buffer> from, IoHandler done) override;
  void wait_writable(DoneHandler done) override;
  void shutdown(DoneHandler done) override;
  void close() noexcept override;
  int sendfile_socket() noexcept override;

 private:
  Socket socket_;
  PeerInfo peer_;
};

}  // namespace ferry::tcp
