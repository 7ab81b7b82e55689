#pragma once
#include <ferry/config.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace ferry {

/// Section `server`: threads, and how clients reach this node.
struct ServerSettings {
  ServerSettings() = default;
  std::size_t loops = 0;             ///< 0: one per hardware thread
  std::size_t blocking_threads = 0;  ///< 0: twice the hardware threads, at least 4
  std::vector<std::string> public_hosts;
  std::vector<std::string> trusted_proxies;

  static config::Schema schema();
  static ServerSettings from(const config::View& section);
};

/// Section `metrics`.
struct MetricsSettings {
  MetricsSettings() = default;
  bool enabled = true;
  std::string token;  ///< empty: no authorization needed

  static config::Schema schema();
  static MetricsSettings from(const config::View& section);
};

}  // namespace ferry
