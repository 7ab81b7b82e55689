#include "memory/gcra.hpp"

#include <gtest/gtest.h>

namespace ferry::memory {
namespace {

constexpr Nanos kSecond = 1'000'000'000;

Gcra gcra(std::uint32_t limit, Millis per, std::uint32_t burst) {
  return *gcra_of(RatePolicy("p", limit, per, burst));
}

TEST(Gcra, AllowsTheBurstAndThenOnePerInterval) {
  const auto g = gcra(10, Millis(1000), 3);
  Nanos tat = 5 * kSecond;
  const Nanos now = 5 * kSecond;
  for (std::uint32_t left = 3; left-- > 0;) {
    const auto d = take(g, tat, now, 1);
    EXPECT_TRUE(d.allowed);
    EXPECT_EQ(d.remaining, left);
  }
  EXPECT_FALSE(take(g, tat, now, 1).allowed);
  EXPECT_FALSE(take(g, tat, now + kSecond / 10 - 1, 1).allowed);
  EXPECT_TRUE(take(g, tat, now + kSecond / 10, 1).allowed);
  EXPECT_FALSE(take(g, tat, now + kSecond / 10, 1).allowed);
}

TEST(Gcra, RetryAfterIsTheLeastThatSuffices) {
  const auto g = gcra(1, Millis(1000), 5);
  Nanos tat = 0;
  const Nanos now = 0;
  ASSERT_TRUE(take(g, tat, now, 5).allowed);
  const auto d = take(g, tat, now, 2);
  EXPECT_EQ(d.retry_after, Millis(2000));
  Nanos copy = tat;
  EXPECT_FALSE(take(g, copy, now + 1'999'000'000, 2).allowed);
  EXPECT_TRUE(take(g, copy, now + 2'000'000'000, 2).allowed);
}

TEST(Gcra, NeverExceedsALimitThatDoesNotDivideThePeriod) {
  const auto g = gcra(7, Millis(1000), 1);
  Nanos tat = 0;
  int allowed = 0;
  for (Nanos now = 1; now < 1000 * kSecond; now += kSecond / 100) {
    allowed += take(g, tat, now, 1).allowed ? 1 : 0;
  }
  EXPECT_LE(allowed, 7001);
  EXPECT_GE(allowed, 6600);  // the steps of 10 ms cost a little
}

TEST(Gcra, SavesUpNoMoreThanTheBurst) {
  const auto g = gcra(10, Millis(1000), 2);
  Nanos tat = 0;
  EXPECT_EQ(take(g, tat, 1000 * kSecond, 1).remaining, 1u);
}

TEST(Gcra, RefusesPoliciesThatCannotBeCounted) {
  for (const auto& p : {RatePolicy("p", 0, Millis(1), 1), RatePolicy("p", 1, Millis(0), 1),
                        RatePolicy("p", 1, Millis(-1), 1), RatePolicy("p", 1, Millis(1), 0),
                        RatePolicy("p", 1, Millis::max(), 1),
                        RatePolicy("p", 1, std::chrono::hours(24), UINT32_MAX)}) {
    const auto g = gcra_of(p);
    ASSERT_FALSE(g);
    EXPECT_EQ(g.error().code, Errc::invalid_argument);
  }
}

}  // namespace
}  // namespace ferry::memory
