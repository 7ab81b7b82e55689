#pragma once
// Section `live` of the configuration.
#include "transfers/ice.hpp"

#include <ferry/config.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace ferry::transfers {

struct TurnSettings {
  Secret secret;  ///< empty: no TURN credentials are made
  std::vector<std::string> urls;
  std::chrono::milliseconds ttl{std::chrono::hours(1)};
};

struct Settings {
  std::chrono::milliseconds code_ttl{std::chrono::hours(1)};
  std::chrono::milliseconds session_ttl{std::chrono::hours(12)};  ///< >= code_ttl, <= 24 h
  /// How long an expired or closed code is still answered as such; afterwards it is unknown.
  std::chrono::milliseconds grace{std::chrono::hours(1)};
  std::chrono::milliseconds connect_timeout{std::chrono::seconds(8)};  ///< for the page
  std::chrono::milliseconds hello_timeout{std::chrono::seconds(5)};
  std::chrono::milliseconds idle_timeout{std::chrono::minutes(5)};
  std::size_t max_rooms_per_node = 100'000;
  std::size_t max_hello_bytes = 4 * 1024;
  std::size_t max_message_bytes = 64 * 1024;
  std::uint32_t messages_per_second = 50;
  std::uint32_t burst = 200;
  /// Sockets of a draining node are told to come back spread over this time.
  std::chrono::milliseconds drain_spread{std::chrono::seconds(3)};
  std::vector<IceServer> ice_servers;  ///< of the list and of the JSON text together
  std::string ice_transport_policy = "all";
  TurnSettings turn;
  std::string signaling_url = "/api/signal";
  std::vector<std::string> allowed_origins;  ///< besides the page's own

  static config::Schema schema();
  /// What the schema cannot say. Adds to `out`; no I/O.
  static void validate(const config::View& section, std::vector<config::Problem>& out);
  /// Of a section that validate() had nothing against.
  static Settings read(const config::View& section);
};

}  // namespace ferry::transfers
