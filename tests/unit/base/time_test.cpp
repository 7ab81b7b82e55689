#include "base/time.hpp"

#include <gtest/gtest.h>

namespace {

using namespace ferry;

// date -u -d @784111777
constexpr std::int64_t kRfcExample = 784111777000;

TEST(Time, WritesTheExampleOfRfc9110) {
  EXPECT_EQ(http_date(from_unix_ms(kRfcExample)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(rfc3339(from_unix_ms(kRfcExample)), "1994-11-06T08:49:37Z");
}

TEST(Time, RoundsDownToSeconds) {
  EXPECT_EQ(rfc3339(from_unix_ms(999)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(from_unix_ms(-1)), "1969-12-31T23:59:59Z");
}

TEST(Time, ReadsImfFixdate) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), from_unix_ms(kRfcExample));
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT"), from_unix_ms(1709164800000));
}

TEST(Time, RefusesOtherDates) {
  for (const char* text : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                           "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT ",
                           "Sun, -6 Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(Time, SaturatesBeyondTheRangeOfTheClock) {
  const auto far = parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT");
  ASSERT_TRUE(far);
  EXPECT_GT(*far, from_unix_ms(9'000'000'000'000));
  EXPECT_GT(from_unix_ms(std::numeric_limits<std::int64_t>::max()), from_unix_ms(0));
}

}  // namespace
