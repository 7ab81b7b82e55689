#pragma once
// The meeting place of live transfers: one socket per role and room, on any node. The hub relays
// and keeps no history (docs/reference/signaling-protocol.md).
#include "transfers/room_frame.hpp"
#include "transfers/transfer_service.hpp"

#include <ferry/signaling.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace ferry::websocket {
class Connection;
}

namespace ferry::transfers {

class SignalingHub {
 public:
  /// All outlive the hub, and the hub outlives every serve().
  SignalingHub(Signaling& bus, TransferService& transfers, Logger& log, Metrics& metrics);
  ~SignalingHub();

  /// Runs one socket from hello to close, on the connection's loop. Returns when the connection is
  /// closed.
  Awaitable<void> serve(websocket::Connection& connection);

  /// Tells every socket to come back elsewhere and closes it with 1012; later ones at once. Any
  /// thread; returns before the sockets are closed.
  void drain();

  std::size_t connections() const;  ///< sockets in serve(); any thread

 private:
  class Session;
  enum class Reason : std::uint8_t;

  /// What a session needs on its way and is the same for all.
  struct Counters {
    explicit Counters(Metrics& metrics);
    Gauge& connections;
    Gauge& rooms;
    std::array<Counter*, 8> messages;  ///< by MessageType
    std::array<Counter*, 12> closes;   ///< by Reason
  };

  Presence new_presence();
  void add(const std::shared_ptr<Session>& session);
  void remove(Session* session);
  /// False when this node has all the rooms it may have and this is not one of them.
  bool enter_room(const std::string& channel);
  void leave_room(const std::string& channel);

  Signaling& bus_;
  TransferService& transfers_;
  const Settings& settings_;
  Logger& log_;
  Counters counters_;
  std::atomic<std::uint64_t> last_since_{0};
  std::atomic<bool> draining_{false};

  // Taken when a socket comes, says hello and goes; never for a message.
  mutable std::mutex mutex_;
  std::unordered_map<Session*, std::weak_ptr<Session>> sessions_;
  std::unordered_map<std::string, std::size_t> rooms_;  ///< channel → local sockets
};

}  // namespace ferry::transfers
