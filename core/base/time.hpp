#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferry {

using WallTime = std::chrono::system_clock::time_point;

std::string rfc3339(WallTime t);    ///< "2026-11-23T15:00:00Z"
std::string http_date(WallTime t);  ///< "Mon, 23 Nov 2026 15:00:00 GMT", RFC 9110 §5.6.7
std::optional<WallTime> parse_http_date(std::string_view text);  ///< IMF-fixdate only

inline std::int64_t to_unix_ms(WallTime t) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
}
/// Saturates at the ends of WallTime's range (years 1677 and 2262).
inline WallTime from_unix_ms(std::int64_t ms) {
  using std::chrono::milliseconds;
  constexpr auto lowest = std::chrono::duration_cast<milliseconds>(WallTime::duration::min());
  constexpr auto highest = std::chrono::duration_cast<milliseconds>(WallTime::duration::max());
  return WallTime(std::clamp(milliseconds(ms), lowest, highest));
}

}  // namespace ferry
