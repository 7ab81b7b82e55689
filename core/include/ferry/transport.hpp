#pragma once
#include <ferry/plugin.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/buffer.hpp>

namespace ferry {

using IoHandler = boost::asio::any_completion_handler<void(boost::system::error_code, std::size_t)>;
using DoneHandler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

struct PeerInfo {
  PeerInfo() = default;
  std::string address;  ///< textual IP; empty for unix sockets
  std::uint16_t port = 0;
  bool encrypted = false;
};

/// Byte stream in Asio's handler style, so that composed operations run on it without an extra
/// coroutine frame per read or write. One read and one write may be outstanding; all calls on the
/// loop of get_executor().
class FERRY_API StreamImpl {
 public:
  virtual ~StreamImpl();
  virtual boost::asio::any_io_executor get_executor() noexcept = 0;
  virtual const PeerInfo& peer() const = 0;
  virtual void read_some(std::span<const boost::asio::mutable_buffer> into, IoHandler done) = 0;
  virtual void write_some(std::span<const boost::asio::const_buffer> from, IoHandler done) = 0;
  virtual void wait_writable(DoneHandler done) = 0;  ///< for sendfile
  virtual void shutdown(DoneHandler done) = 0;       ///< graceful; the caller bounds it by close()
  virtual void close() noexcept = 0;                 ///< aborts outstanding operations
  /// >= 0 only where bytes written to the socket reach the peer unchanged; non-blocking.
  virtual int sendfile_socket() noexcept;
};

class FERRY_API Listener {
 public:
  virtual ~Listener();
  virtual std::string endpoint() const = 0;  ///< as bound: "127.0.0.1:8080" with the real port
  /// cancelled after close(); other errors are transient (the caller pauses and goes on).
  virtual Awaitable<Result<std::unique_ptr<StreamImpl>>> accept() = 0;
  virtual void close() noexcept = 0;
};

class FERRY_API Transport : public Plugin {
 public:
  /// Called once per loop after start(); the listeners accept onto that loop. A transport that
  /// cannot share an endpoint between loops answers an empty list for all loops but 0.
  /// unavailable/permission_denied with the address in the detail when it cannot be bound.
  virtual Result<std::vector<std::unique_ptr<Listener>>> listen(std::size_t loop) = 0;
  /// The slow part of accepting (TLS), outside the accept loop. The default hands back `raw`.
  virtual Awaitable<Result<std::unique_ptr<StreamImpl>>> handshake(std::unique_ptr<StreamImpl> raw,
                                                                   Deadline deadline);
  virtual Awaitable<Result<void>> reload();  ///< certificates; the default does nothing
};

}  // namespace ferry
