#include "runtime/spawn.hpp"
#include "suite.hpp"

#include <ferry/rate_limiter.hpp>

#include <atomic>

namespace ferry::conformance {
namespace {

/// No unit comes back while a case runs.
RatePolicy slow(std::uint32_t burst) {
  return {unique("p_"), 1, std::chrono::hours(10), burst};
}

Awaitable<void> ping_answers(Rig&, RateLimiter& r) {
  const auto pong = co_await r.ping();
  REQUIRE_OK(pong);
}

Awaitable<void> burst_then_denied(Rig&, RateLimiter& r) {
  const auto policy = slow(5);
  const auto who = unique("s");
  for (std::uint32_t left = 5; left-- > 0;) {
    const auto d = co_await r.take(policy, who, 1);
    REQUIRE_OK(d);
    EXPECT_TRUE(d->allowed) << "with " << left << " left";
    EXPECT_EQ(d->limit, 5u);
    EXPECT_EQ(d->remaining, left);
    EXPECT_EQ(d->retry_after, Millis(0));
  }
  const auto denied = co_await r.take(policy, who, 1);
  REQUIRE_OK(denied);
  EXPECT_FALSE(denied->allowed) << "one more than the burst was allowed";
  EXPECT_EQ(denied->remaining, 0u);
  EXPECT_GT(denied->retry_after, std::chrono::hours(9));
  EXPECT_LE(denied->retry_after, std::chrono::hours(10));
}

Awaitable<void> refills_with_time(Rig&, RateLimiter& r) {
  const RatePolicy policy(unique("p_"), 10, Millis(1000), 2);  // a unit each 100 ms
  const auto who = unique("s");
  const auto both = co_await r.take(policy, who, 2);
  REQUIRE_OK(both);
  REQUIRE(both->allowed);
  co_await sleep_for(Millis(400));
  const auto again = co_await r.take(policy, who, 2);
  REQUIRE_OK(again);
  EXPECT_TRUE(again->allowed);
  EXPECT_EQ(again->remaining, 0u) << "more than the burst was saved up";
}

Awaitable<void> retry_after_is_sufficient(Rig&, RateLimiter& r) {
  const RatePolicy policy(unique("p_"), 10, Millis(1000), 3);
  const auto who = unique("s");
  const auto all = co_await r.take(policy, who, 3);
  REQUIRE_OK(all);
  for (const std::uint32_t cost : {1u, 2u, 3u}) {
    auto denied = co_await r.take(policy, who, cost);
    REQUIRE_OK(denied);
    if (denied->allowed) {  // this machine was too slow to see a denial: nothing to check
      continue;
    }
    EXPECT_GT(denied->retry_after, Millis(0));
    EXPECT_LE(denied->retry_after, Millis(100 * cost + 1));
    co_await sleep_for(denied->retry_after);
    const auto allowed = co_await r.take(policy, who, cost);
    REQUIRE_OK(allowed);
    EXPECT_TRUE(allowed->allowed) << "after waiting the " << denied->retry_after.count()
                                  << " ms that were told, for a cost of " << cost;
  }
}

Awaitable<void> denied_takes_nothing(Rig&, RateLimiter& r) {
  const auto policy = slow(4);
  const auto who = unique("s");
  const auto three = co_await r.take(policy, who, 3);
  REQUIRE_OK(three);
  REQUIRE(three->allowed);
  for (int i = 0; i < 20; ++i) {
    const auto denied = co_await r.take(policy, who, 2);
    REQUIRE_OK(denied);
    EXPECT_FALSE(denied->allowed);
    EXPECT_EQ(denied->remaining, 1u);
  }
  const auto last = co_await r.take(policy, who, 1);
  REQUIRE_OK(last);
  EXPECT_TRUE(last->allowed);
}

Awaitable<void> subjects_and_policies_are_apart(Rig&, RateLimiter& r) {
  const auto one = slow(1);
  const auto two = slow(1);
  const auto anna = unique("s");
  const auto bert = unique("s");
  for (const auto& [policy, who] : {std::pair(one, anna), {one, bert}, {two, anna}, {two, bert}}) {
    const auto first = co_await r.take(policy, who, 1);
    REQUIRE_OK(first);
    EXPECT_TRUE(first->allowed);
  }
  const auto again = co_await r.take(one, anna, 1);
  REQUIRE_OK(again);
  EXPECT_FALSE(again->allowed);
}

Awaitable<void> cost_counts(Rig&, RateLimiter& r) {
  const auto policy = slow(10);
  const auto who = unique("s");
  const auto seven = co_await r.take(policy, who, 7);
  REQUIRE_OK(seven);
  EXPECT_TRUE(seven->allowed);
  EXPECT_EQ(seven->remaining, 3u);
  const auto four = co_await r.take(policy, who, 4);
  REQUIRE_OK(four);
  EXPECT_FALSE(four->allowed);
  const auto three = co_await r.take(policy, who, 3);
  REQUIRE_OK(three);
  EXPECT_TRUE(three->allowed);
  EXPECT_EQ(three->remaining, 0u);
}

Awaitable<void> cost_above_burst_is_refused(Rig&, RateLimiter& r) {
  const auto policy = slow(3);
  const auto who = unique("s");
  const auto four = co_await r.take(policy, who, 4);
  EXPECT_ERRC(four, Errc::invalid_argument);
  const auto three = co_await r.take(policy, who, 3);
  REQUIRE_OK(three);
  EXPECT_TRUE(three->allowed) << "a refused call took something";
}

Awaitable<void> parallel_takes_allow_exactly_the_burst(Rig& rig, RateLimiter& r) {
  const auto policy = slow(50);
  const auto who = unique("s");
  std::atomic<int> allowed{0};
  co_await in_parallel(rig.host(), 300, [&](std::size_t) -> Awaitable<void> {
    const auto d = co_await r.take(policy, who, 1);
    REQUIRE_OK(d);
    allowed += d->allowed ? 1 : 0;
  });
  EXPECT_EQ(allowed, 50);
}

Awaitable<void> second_instance_counts_together(Rig& rig, RateLimiter& r) {
  auto* other = dynamic_cast<RateLimiter*>(co_await rig.another());
  REQUIRE(other);
  const auto policy = slow(1);
  const auto who = unique("s");
  const auto here = co_await r.take(policy, who, 1);
  REQUIRE_OK(here);
  EXPECT_TRUE(here->allowed);
  const auto there = co_await other->take(policy, who, 1);
  REQUIRE_OK(there);
  EXPECT_FALSE(there->allowed);
}

std::string unless_shared(Rig&, RateLimiter& r) {
  return r.shared() ? "" : "shared() is false";
}

constexpr Case<RateLimiter> kCases[] = {
    {"PingAnswers", ping_answers},
    {"BurstThenDenied", burst_then_denied},
    {"RefillsWithTime", refills_with_time},
    {"RetryAfterIsSufficient", retry_after_is_sufficient},
    {"DeniedTakesNothing", denied_takes_nothing},
    {"SubjectsAndPoliciesAreApart", subjects_and_policies_are_apart},
    {"CostCounts", cost_counts},
    {"CostAboveBurstIsRefused", cost_above_burst_is_refused},
    {"ParallelTakesAllowExactlyTheBurst", parallel_takes_allow_exactly_the_burst},
    {"SecondInstanceCountsTogether", second_instance_counts_together, unless_shared},
};

}  // namespace

void add_rate_limiter_cases() {
  add_cases<RateLimiter>("RateLimiter", kCases);
}

}  // namespace ferry::conformance
