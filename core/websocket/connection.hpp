#pragma once
#include <ferry/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ferry::websocket {

/// One accepted WebSocket on one loop: a reader (the coroutine that holds it) and an outbox that a
/// single writer drains. Every function is called on the connection's loop.
class Connection {
 public:
  virtual ~Connection();

  /// Next text message; empty optional = closed (by either side, for any reason). The view is valid
  /// until the next call.
  virtual Awaitable<std::optional<std::string_view>> read() = 0;

  /// Largest next message in bytes; a longer one closes with 1009.
  virtual void read_limit(std::size_t bytes) = 0;
  /// read() closes the connection with 4408 when nothing arrives for so long.
  virtual void idle_limit(std::chrono::milliseconds limit) = 0;

  /// Queues a text frame. The body is shared, never copied; `skip` leading bytes are left out.
  /// Over the outbox limit (256 KiB): the connection is closed with 1013 and false is returned.
  virtual bool send(SharedBytes text, std::size_t skip = 0) = 0;
  /// Queues a close frame behind what is queued; read() then ends. Idempotent: first code wins.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  virtual bool closing() const = 0;

  virtual boost::asio::any_io_executor executor() = 0;
};

}  // namespace ferry::websocket
