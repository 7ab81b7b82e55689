#pragma once
#include "net/expiry.hpp"
#include "net/stream.hpp"
#include "websocket/connection.hpp"
#include "websocket/frame.hpp"

#include <boost/asio/buffer.hpp>
#include <vector>

namespace ferry::websocket {

struct SessionOptions {
  SessionOptions() = default;
  std::uint64_t outbox = 256 * 1024;  ///< bytes queued before 1013
  Millis ping{25000};                 ///< two pings without any sign of life: dead
  Millis closing{3000};               ///< for the peer to answer a close frame
};

/// The Connection of an accepted WebSocket. Frames are read and written by our own codec: what is
/// queued leaves in one gathered system call, straight on the socket where the transport has a
/// plain one. Lives on one loop, in a shared_ptr.
class Session final : public Connection, public std::enable_shared_from_this<Session> {
 public:
  /// `early`: bytes of the client that were received with the handshake.
  static std::shared_ptr<Session> make(net::Stream stream, std::string_view early,
                                       SessionOptions options);
  ~Session() override;

  Awaitable<std::optional<std::string_view>> read() override;
  void read_limit(std::size_t bytes) override { decoder_.limit(bytes); }
  void idle_limit(std::chrono::milliseconds limit) override;
  bool send(SharedBytes text, std::size_t skip = 0) override;
  void close(std::uint16_t code, std::string_view reason) override;
  bool closing() const override { return state_ != State::open; }
  boost::asio::any_io_executor executor() override { return stream_.get_executor(); }

  /// After the user of the connection is done: closes with 1000 unless closing already, sends what
  /// is queued and waits for the peer's close, all within options.closing.
  Awaitable<void> finish();
  /// Breaks the connection now.
  void abort() noexcept;
  /// The code of the close frame that was sent, or received, first; 1006 for none.
  std::uint16_t close_code() const noexcept { return code_; }

 private:
  enum class State { open, closing, dead };
  struct Item {
    Item(Opcode opcode, SharedBytes b, std::size_t s)
        : body(std::move(b)), skip(s), header(opcode, body->size() - s) {}
    std::size_t size() const noexcept { return header.size + (body->size() - skip); }
    SharedBytes body;
    std::size_t skip;
    FrameHeader header;
  };

  Session(net::Stream stream, SessionOptions options);
  void start(std::string_view early);

  Awaitable<bool> receive();
  std::optional<std::string_view> handle(const Event& event);
  bool control_allowed();

  void enqueue(Opcode opcode, SharedBytes body, std::size_t skip);
  void flush();
  void write_queued();
  void write_async();
  bool consume(std::vector<Item>& items, std::size_t bytes);
  void fail() noexcept;
  void after_flush();

  void on_timer();
  void arm();

  friend class Corks;

  net::Stream stream_;
  const SessionOptions options_;
  const int socket_;
  Decoder decoder_;
  State state_ = State::open;
  std::uint16_t code_ = 1006;
  bool close_received_ = false;
  bool shut_down_ = false;

  std::vector<Item> queue_;     ///< to be written
  std::vector<Item> inflight_;  ///< under an asynchronous write; stays where it is
  std::vector<boost::asio::const_buffer> buffers_;
  std::size_t offset_ = 0;  ///< bytes of the first item (of inflight_ if not empty) already sent
  std::uint64_t queued_bytes_ = 0;
  bool writing_ = false;
  bool corked_ = false;  ///< listed in this thread's Corks

  net::Expiry timer_;
  net::Expiry::Clock::time_point next_ping_;
  net::Expiry::Clock::time_point heard_;  ///< any frame
  net::Expiry::Clock::time_point asked_;  ///< last message, or when read() began to wait for one
  net::Expiry::Clock::time_point close_by_ = net::Expiry::Clock::time_point::max();
  Millis idle_{0};
  bool waiting_ = false;     ///< read() has nothing to give
  unsigned unanswered_ = 0;  ///< pings since anything was heard
  unsigned controls_ = 0;    ///< control frames in this second
  net::Expiry::Clock::time_point controls_since_;
};

}  // namespace ferry::websocket
