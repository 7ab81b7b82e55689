#pragma once
#include <ferry/config.hpp>
#include <ferry/plugin.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace ferry::net {

/// Section `limits`: what one client may take. Defaults as in the schema.
struct Limits {
  Limits() = default;
  std::uint64_t connections = 0;               ///< 0: 80 % of the process's descriptor limit
  std::uint64_t connections_per_address = 64;  ///< per IPv4 address or IPv6 /64; 0: no limit
  /// Peers that connections_per_address does not count; trusted proxies never count.
  std::vector<std::string> uncounted{"127.0.0.0/8", "::1/128"};
  Millis handshake{10000};         ///< of the transport
  Millis header{10000};            ///< whole header, from its first byte
  Millis keep_alive{60000};        ///< idle between requests
  std::uint64_t requests = 1000;   ///< per connection
  std::uint64_t body_rate = 1024;  ///< least bytes per second of a request body
  Millis body_window{30000};       ///< over which body_rate counts
  Millis stall{60000};             ///< response without progress
  std::uint64_t websocket_outbox = 256 * 1024;
  Millis websocket_ping{25000};

  static config::Schema schema();
  static Limits from(const config::View& section);
  /// `connections` with 0 resolved.
  std::uint64_t most_connections() const;
};

}  // namespace ferry::net
