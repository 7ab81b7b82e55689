#include "base/time.hpp"

#include <array>
#include <cstdio>

namespace ferry {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::seconds;

constexpr std::array<std::string_view, 7> kWeekdays{"Sun", "Mon", "Tue", "Wed",
                                                    "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Parts {
  explicit Parts(WallTime t)
      : date(floor<days>(t)), time(floor<seconds>(t) - floor<days>(t)), weekday(floor<days>(t)) {}
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<seconds> time;
  std::chrono::weekday weekday;
};

int whole(auto value) {
  return static_cast<int>(value.count());
}

std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

template <std::size_t N>
std::optional<unsigned> index_of(const std::array<std::string_view, N>& names,
                                 std::string_view name) {
  for (unsigned i = 0; i < N; ++i) {
    if (names[i] == name) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string rfc3339(WallTime t) {
  const Parts p(t);
  std::array<char, 40> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(p.date.year()), static_cast<unsigned>(p.date.month()),
                static_cast<unsigned>(p.date.day()), whole(p.time.hours()), whole(p.time.minutes()),
                whole(p.time.seconds()));
  return out.data();
}

std::string http_date(WallTime t) {
  const Parts p(t);
  std::array<char, 48> out{};
  std::snprintf(out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                kWeekdays[p.weekday.c_encoding()].data(), static_cast<unsigned>(p.date.day()),
                kMonths[static_cast<unsigned>(p.date.month()) - 1].data(),
                static_cast<int>(p.date.year()), whole(p.time.hours()), whole(p.time.minutes()),
                whole(p.time.seconds()));
  return out.data();
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  constexpr std::size_t length = 29;
  if (text.size() != length || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  const auto weekday = index_of(kWeekdays, text.substr(0, 3));
  const auto day = digits(text.substr(5, 2));
  const auto month = index_of(kMonths, text.substr(8, 3));
  const auto year = digits(text.substr(12, 4));
  const auto hour = digits(text.substr(17, 2));
  const auto minute = digits(text.substr(20, 2));
  const auto second = digits(text.substr(23, 2));
  if (!weekday || !day || !month || !year || !hour || !minute || !second) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(*month + 1),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  // A second of 60 is a leap second, which RFC 9110 allows.
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60 ||
      std::chrono::weekday(std::chrono::sys_days(date)).c_encoding() != *weekday) {
    return std::nullopt;
  }
  const std::chrono::sys_time<seconds> when = std::chrono::sys_days(date) +
                                              std::chrono::hours(*hour) +
                                              std::chrono::minutes(*minute) + seconds(*second);
  return from_unix_ms(when.time_since_epoch().count() * 1000);
}

}  // namespace ferry
