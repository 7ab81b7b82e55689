#pragma once
#include <ferry/plugin.hpp>

namespace ferry {

/// Called on the loop that subscribed. Must not block or throw. May be called once more while
/// unsubscribe() is under way.
class FERRY_API SignalingEvents {
 public:
  virtual ~SignalingEvents();
  virtual void on_message(std::string_view channel, const SharedBytes& payload) = 0;
  /// Messages may be missing (reconnect, overflow).
  virtual void on_gap(std::string_view channel) = 0;
};

struct SignalingCaps {
  SignalingCaps() = default;
  bool shared = false;  ///< reaches the other nodes
  std::size_t max_payload = 128 * 1024;
};

/// Fan-out of small messages between the connections of a room, on any node: at most once, order
/// kept per publisher and channel, the publisher's own subscriptions included. State never lives
/// here. Thread safety: every method from any loop, concurrently.
class FERRY_API Signaling : public Plugin {
 public:
  virtual SignalingCaps caps() const = 0;
  /// Call on a loop. Completes when messages published afterwards, on any node, will be delivered.
  /// The subscription ends with unsubscribe() or when `events` expires.
  virtual Awaitable<Result<void>> subscribe(std::string channel,
                                            std::weak_ptr<SignalingEvents> events) = 0;
  virtual Awaitable<void> unsubscribe(std::string channel,
                                      std::weak_ptr<SignalingEvents> events) = 0;
  /// Queues and returns: delivery is not awaited and may be inline for subscribers of this loop.
  /// Errors: too_large, overloaded (bounded queue full), unavailable.
  virtual Result<void> publish(std::string_view channel, SharedBytes payload) = 0;
};

}  // namespace ferry
