#pragma once
#include "net/address.hpp"
#include "net/limits.hpp"
#include "net/stream.hpp"
#include "runtime/loops.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ferry::net {

/// How many connections there are, in all and per address. From any loop; taken once per
/// connection, so a mutex does.
class ConnectionCaps {
 public:
  /// Gives the place back.
  class Place {
   public:
    Place(ConnectionCaps& caps, std::string prefix) : caps_(&caps), prefix_(std::move(prefix)) {}
    Place(Place&& o) noexcept
        : caps_(std::exchange(o.caps_, nullptr)), prefix_(std::move(o.prefix_)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    ConnectionCaps* caps_;
    std::string prefix_;  ///< empty: not counted per address
  };
  enum class Refusal { none, total, address };

  ConnectionCaps(std::uint64_t most, std::uint64_t most_per_address, AddressSet uncounted);

  std::optional<Place> take(std::string_view peer_address, Refusal& why);
  std::uint64_t count() const;

 private:
  const std::uint64_t most_;
  const std::uint64_t most_per_address_;
  const AddressSet uncounted_;
  mutable std::mutex mutex_;
  std::uint64_t total_ = 0;
  std::map<std::string, std::uint64_t> by_prefix_;
};

/// Listens with every transport on every loop, accepts, shakes hands and serves. Shared: a running
/// connection keeps it alive.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  /// Runs a connection on its loop until it is over. `transport` names where it came from.
  using Serve = std::function<Awaitable<void>(Stream stream)>;

  Acceptor(Loops& loops, Limits limits, const AddressSet& trusted_proxies, Serve serve, Logger& log,
           Metrics& metrics);

  /// On failure of one listener the others are closed again. Once per transport; the transport
  /// outlives every connection.
  Result<void> listen(Transport& transport);
  /// As bound: "127.0.0.1:8080".
  const std::vector<std::string>& endpoints() const noexcept { return endpoints_; }
  /// No more connections; from any thread, idempotent.
  void close();
  std::uint64_t connections() const { return caps_.count(); }

 private:
  struct Entry {
    std::size_t loop;
    std::unique_ptr<Listener> listener;
  };
  Awaitable<void> accept(std::shared_ptr<Entry> entry, Transport& transport);
  Awaitable<void> handle(std::unique_ptr<StreamImpl> raw, Transport& transport,
                         ConnectionCaps::Place place);

  Loops& loops_;
  const Limits limits_;
  ConnectionCaps caps_;
  Serve serve_;
  Logger& log_;
  Counter& accepted_;
  Counter& errors_;
  Counter& refused_total_;
  Counter& refused_address_;
  Counter& handshake_failures_;
  Gauge& open_;
  std::atomic<bool> closed_{false};
  std::vector<std::shared_ptr<Entry>> entries_;
  std::vector<std::string> endpoints_;
};

}  // namespace ferry::net
