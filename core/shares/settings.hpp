#pragma once
#include <ferry/config.hpp>
#include <ferry/plugin.hpp>

#include <chrono>
#include <cstdint>

namespace ferry::shares {

/// Section `uploads`.
struct UploadSettings {
  std::uint64_t max_bytes = std::uint64_t{10} << 30;  ///< of one upload; 0 = unlimited
  Millis expiry = std::chrono::hours(24);             ///< of an unfinished upload without progress
  std::uint64_t checkpoint_bytes = std::uint64_t{4} << 20;
  Millis checkpoint_interval{1000};
  Millis patience{5000};  ///< how long a newer request waits for an older one to let go

  static config::Schema schema();
  static UploadSettings from(const config::View& section);
};

/// Section `shares`.
struct ShareSettings {
  std::chrono::seconds default_expiry = std::chrono::hours(24);
  std::chrono::seconds max_expiry = std::chrono::hours(24 * 7);
  std::size_t max_files = 500;

  static config::Schema schema();
  static ShareSettings from(const config::View& section);
};

/// Section `janitor`.
struct JanitorSettings {
  Millis interval = std::chrono::seconds(30);

  static config::Schema schema();
  static JanitorSettings from(const config::View& section);
};

}  // namespace ferry::shares
