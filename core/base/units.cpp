#include "base/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <utility>

namespace ferry {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kDurations{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                                Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
constexpr std::array kSizes{Unit{"", 1},
                            Unit{"B", 1},
                            Unit{"KiB", 1ull << 10},
                            Unit{"MiB", 1ull << 20},
                            Unit{"GiB", 1ull << 30},
                            Unit{"TiB", 1ull << 40},
                            Unit{"kB", 1'000},
                            Unit{"KB", 1'000},
                            Unit{"MB", 1'000'000},
                            Unit{"GB", 1'000'000'000},
                            Unit{"TB", 1'000'000'000'000}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units,
                                   std::uint64_t highest) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc()) {
    return std::nullopt;
  }
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& u : units) {
    if (u.name == unit) {
      return count > highest / u.factor ? std::nullopt : std::optional(count * u.factor);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  // Ten thousand years fit; sums of a few durations cannot overflow.
  constexpr std::uint64_t highest = 10ull * 365 * 86'400'000 * 10;
  const auto count = parse(text, kDurations, highest);
  if (!count) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(*count));
}

std::string format_duration(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) {
    return "0s";
  }
  Unit best = kDurations.front();
  for (const Unit& u : kDurations) {
    if (count % static_cast<std::int64_t>(u.factor) == 0) {
      best = u;
    }
  }
  return std::to_string(count / static_cast<std::int64_t>(best.factor)) + std::string(best.name);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse(text, kSizes, std::numeric_limits<std::int64_t>::max());
}

std::string format_size(std::uint64_t bytes) {
  Unit best = kSizes.front();
  for (const Unit& u : kSizes) {
    if (u.name.ends_with("iB") && bytes != 0 && bytes % u.factor == 0) {
      best = u;
    }
  }
  return std::to_string(bytes / best.factor) + std::string(best.name);
}

}  // namespace ferry
