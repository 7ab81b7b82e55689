#include "transfers/message_budget.hpp"

#include <gtest/gtest.h>

using ferry::transfers::MessageBudget;
using namespace std::chrono_literals;

namespace {
const MessageBudget::Clock::time_point kStart{1000s};
}

TEST(MessageBudget, AllowsTheBurstAtOnceAndNoMore) {
  MessageBudget budget(50, 200);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(budget.take(kStart)) << i;
  }
  EXPECT_FALSE(budget.take(kStart));
}

TEST(MessageBudget, RefillsAtTheRate) {
  MessageBudget budget(50, 2);
  EXPECT_TRUE(budget.take(kStart));
  EXPECT_TRUE(budget.take(kStart));
  EXPECT_FALSE(budget.take(kStart + 19ms));
  EXPECT_TRUE(budget.take(kStart + 20ms));
  EXPECT_FALSE(budget.take(kStart + 20ms));
}

TEST(MessageBudget, SavesNoMoreThanTheBurst) {
  MessageBudget budget(10, 3);
  EXPECT_TRUE(budget.take(kStart));
  int taken = 0;
  while (budget.take(kStart + 1h)) {
    ++taken;
  }
  EXPECT_EQ(taken, 3);
}
