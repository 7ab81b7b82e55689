#include "memory/records.hpp"

#include <gtest/gtest.h>

namespace ferry::memory {
namespace {

using std::chrono::hours;
const Records::Time kNow{std::chrono::hours(1000)};

RecordKey key(std::string k) {
  return {"space", std::move(k)};
}

Result<Committed> apply(Records& r, Write w, Records::Time now = kNow) {
  std::vector<Write> batch;
  batch.push_back(std::move(w));
  return r.apply(std::move(batch), now);
}

TEST(MemoryRecords, ExpiresAtTheExactTime) {
  Records r(StorageCaps(), {});
  ASSERT_TRUE(apply(r, Write::put(key("k"), {}).expire_in(Millis(100))));
  EXPECT_TRUE(r.get(key("k"), kNow + Millis(99)));
  EXPECT_FALSE(r.get(key("k"), kNow + Millis(100)));
}

TEST(MemoryRecords, ForgetsExpiredRecordsButNotQueuedOnes) {
  Records r(StorageCaps(), {});
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(apply(r, Write::put(key("k" + std::to_string(i)), {}).expire_in(Millis(1))));
  }
  ASSERT_TRUE(
      apply(r, Write::put(key("queued"), {}).expire_in(Millis(1)).due_in(hours(1), "sweep")));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(apply(r, Write::put(key("alive"), {}), kNow + hours(1)));
  }
  EXPECT_EQ(r.size(), 2u);
  const auto claims = r.claim_due("sweep", 10, Millis(1000), kNow + hours(1));
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].key.key, "queued");
}

TEST(MemoryRecords, LeaseEndsAtTheExactTime) {
  Records r(StorageCaps(), {});
  ASSERT_TRUE(apply(r, Write::put(key("k"), {}).due_in(Millis(10), "q")));
  EXPECT_TRUE(r.claim_due("q", 1, Millis(50), kNow + Millis(9)).empty());
  EXPECT_EQ(r.claim_due("q", 1, Millis(50), kNow + Millis(10)).size(), 1u);
  EXPECT_TRUE(r.claim_due("q", 1, Millis(50), kNow + Millis(59)).empty());
  EXPECT_EQ(r.claim_due("q", 1, Millis(50), kNow + Millis(60)).size(), 1u);
}

TEST(MemoryRecords, LimitsAreKept) {
  Records::Limits limits;
  limits.records = 2;
  limits.bytes = 100;
  Records r(StorageCaps(), limits);
  ASSERT_TRUE(apply(r, Write::put(key("a"), {})));
  ASSERT_TRUE(apply(r, Write::put(key("b"), {})));
  const auto third = apply(r, Write::put(key("c"), {}));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Errc::quota_exceeded);
  const auto large = apply(r, Write::put(key("a"), Bytes(101)));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Errc::quota_exceeded);
  ASSERT_TRUE(apply(r, Write::erase(key("a"))));
  EXPECT_TRUE(apply(r, Write::put(key("c"), {})));
}

TEST(MemoryRecords, HugeDurationsDoNotOverflow) {
  Records r(StorageCaps(), {});
  ASSERT_TRUE(
      apply(r, Write::put(key("k"), {}).expire_in(Millis::max()).due_in(Millis::max(), "q")));
  EXPECT_TRUE(r.get(key("k"), kNow + hours(24 * 365)));
  EXPECT_TRUE(r.claim_due("q", 1, Millis::max(), kNow).empty());
}

}  // namespace
}  // namespace ferry::memory
