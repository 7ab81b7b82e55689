#pragma once
// Durations and sizes as people write them. No fractions, no spaces, no sums.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferry {

/// "250ms", "30s", "10m", "12h", "7d"; a unit is required. Nothing when malformed or too large.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// In the largest unit that is exact: 90 s is "90s", 120 s is "2m".
std::string format_duration(std::chrono::milliseconds duration);

/// Bytes: "512", "512B", "64KiB", "10MiB", "2GB" (KB, MB, GB, TB are powers of 1000).
std::optional<std::uint64_t> parse_size(std::string_view text);
/// In the largest binary unit that is exact: "64KiB", "1000".
std::string format_size(std::uint64_t bytes);

}  // namespace ferry
