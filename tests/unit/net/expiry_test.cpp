#include "net/expiry.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <optional>

namespace ferry::net {
namespace {

TEST(MinimumRate, GivesAWholeWindowForEachFullShare) {
  MinimumRate rate(1024, Millis(30000));
  EXPECT_EQ(rate.allowance(), Millis(30000));
  rate.received(10 * 1024, Millis(12000));
  EXPECT_EQ(rate.allowance(), Millis(18000));
  rate.received(20 * 1024, Millis(17000));  // 30 KiB in 29 s: a new window
  EXPECT_EQ(rate.allowance(), Millis(30000));
}

TEST(MinimumRate, EndsWhenTheShareIsNotBrought) {
  MinimumRate rate(1024, Millis(30000));
  for (int i = 0; i < 30; ++i) {
    rate.received(1, Millis(1000));
  }
  EXPECT_EQ(rate.allowance(), Millis(0));
}

TEST(MinimumRate, CountsOnlyTimeSpentWaiting) {
  MinimumRate rate(1024, Millis(30000));
  for (int i = 0; i < 1000; ++i) {
    rate.received(1, Millis(0));
  }
  EXPECT_EQ(rate.allowance(), Millis(30000));
}

TEST(MinimumRate, WithoutRateAsksForProgressOnly) {
  MinimumRate rate(0, Millis(100));
  rate.received(1, Millis(99));
  EXPECT_EQ(rate.allowance(), Millis(100));
}

TEST(Expiry, FiresOnceAtTheLatestTimeSet) {
  boost::asio::io_context context;
  int fired = 0;
  const auto start = Expiry::Clock::now();
  Expiry expiry(context.get_executor(), [&] { ++fired; });
  expiry.after(Millis(1));
  expiry.after(Millis(40));
  context.run();
  EXPECT_EQ(fired, 1);
  EXPECT_GE(Expiry::Clock::now() - start, Millis(40));
}

TEST(Expiry, CanBeMovedEarlierAndDisarmed) {
  boost::asio::io_context context;
  int fired = 0;
  Expiry expiry(context.get_executor(), [&] { ++fired; });
  expiry.after(std::chrono::hours(1));
  expiry.after(Millis(1));
  context.run();
  EXPECT_EQ(fired, 1);
  expiry.after(Millis(1));
  expiry.disarm();
  context.restart();
  context.run();
  EXPECT_EQ(fired, 1);
}

TEST(Expiry, NeverFiresAfterItsEnd) {
  boost::asio::io_context context;
  int fired = 0;
  std::optional<Expiry> expiry(std::in_place, context.get_executor(), [&] { ++fired; });
  expiry->at(Expiry::Clock::now() - Millis(1));
  expiry.reset();
  context.run();
  EXPECT_EQ(fired, 0);
}

}  // namespace
}  // namespace ferry::net
