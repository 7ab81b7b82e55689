#include "runtime/spawn.hpp"
#include "suite.hpp"

#include <ferry/storage.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>

namespace ferry::conformance {
namespace {

const char* const kSpace = "conformance";

RecordKey key_of(std::string key) {
  return {kSpace, std::move(key)};
}

Write put(const std::string& key, std::string_view value) {
  return Write::put(key_of(key), to_bytes(value));
}

/// A batch of one.
Awaitable<Result<Committed>> apply(Storage& s, Write write) {
  std::vector<Write> batch;
  batch.push_back(std::move(write));
  co_return co_await s.apply(std::move(batch));
}

/// Polls until the record is hidden; false after 10 seconds.
Awaitable<bool> until_hidden(Storage& s, std::string key) {
  for (int i = 0; i < 1000; ++i) {
    const auto record = co_await s.get(key_of(key));
    if (!record && record.error().code == Errc::not_found) {
      co_return true;
    }
    co_await sleep_for(Millis(10));
  }
  co_return false;
}

/// Polls until `count` records are claimed from the queue, at most 10 seconds.
Awaitable<std::vector<Claim>> claim(Storage& s, std::string queue, std::size_t count,
                                    Millis lease) {
  std::vector<Claim> all;
  for (int i = 0; i < 1000 && all.size() < count; ++i) {
    auto some = co_await s.claim_due(queue, count - all.size(), lease);
    if (!some) {
      ADD_FAILURE() << "claim_due: " << describe(some.error());
      break;
    }
    std::move(some->begin(), some->end(), std::back_inserter(all));
    if (all.size() < count) {
      co_await sleep_for(Millis(10));
    }
  }
  co_return all;
}

Awaitable<void> ping_answers(Rig&, Storage& s) {
  const auto pong = co_await s.ping();
  REQUIRE_OK(pong);
}

Awaitable<void> missing_is_not_found(Rig&, Storage& s) {
  const auto r = co_await s.get(key_of(unique("k")));
  EXPECT_ERRC(r, Errc::not_found);
}

Awaitable<void> put_then_get(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "hello"));
  REQUIRE_OK(w);
  REQUIRE(w->versions.size() == 1 && w->values.size() == 1);
  EXPECT_GT(w->versions[0], 0u);
  EXPECT_EQ(w->values[0], 0);
  const auto r = co_await s.get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_EQ(r->key, k);
  EXPECT_EQ(r->value, to_bytes("hello"));
  EXPECT_EQ(r->version, w->versions[0]);
  EXPECT_FALSE(r->expires_in);
}

Awaitable<void> spaces_are_apart(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "1"));
  REQUIRE_OK(w);
  const auto other = co_await s.get(RecordKey("conformance_b", k));
  EXPECT_ERRC(other, Errc::not_found);
}

Awaitable<void> binary_values_are_kept(Rig&, Storage& s) {
  Bytes value;
  for (int i = 0; i < 512; ++i) {
    value.push_back(static_cast<std::byte>(i % 256));
  }
  for (const Bytes& v : {value, Bytes()}) {
    const auto k = unique("k");
    const auto w = co_await apply(s, Write::put(key_of(k), v));
    REQUIRE_OK(w);
    const auto r = co_await s.get(key_of(k));
    REQUIRE_OK(r);
    EXPECT_EQ(r->value, v);
  }
}

Awaitable<void> if_absent_refuses_what_exists(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto first = co_await apply(s, put(k, "1").if_absent());
  REQUIRE_OK(first);
  const auto second = co_await apply(s, put(k, "2").if_absent());
  EXPECT_ERRC(second, Errc::version_mismatch);
  if (!second) {
    EXPECT_NE(second.error().detail.find(k), std::string::npos) << "the detail names the key";
  }
  const auto r = co_await s.get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_EQ(r->value, to_bytes("1"));
}

Awaitable<void> stale_version_is_refused(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto first = co_await apply(s, put(k, "1"));
  REQUIRE_OK(first);
  const auto version = first->versions[0];
  const auto second = co_await apply(s, put(k, "2").if_version(version));
  REQUIRE_OK(second);
  EXPECT_GT(second->versions[0], version);
  const auto stale_put = co_await apply(s, put(k, "3").if_version(version));
  EXPECT_ERRC(stale_put, Errc::version_mismatch);
  const auto stale_erase = co_await apply(s, Write::erase(key_of(k)).if_version(version));
  EXPECT_ERRC(stale_erase, Errc::version_mismatch);
  const auto r = co_await s.get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_EQ(r->value, to_bytes("2"));
}

Awaitable<void> version_of_absent_is_refused(Rig&, Storage& s) {
  const auto w = co_await apply(s, put(unique("k"), "1").if_version(1));
  EXPECT_ERRC(w, Errc::version_mismatch);
}

Awaitable<void> erase_removes(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "1"));
  REQUIRE_OK(w);
  const auto e = co_await apply(s, Write::erase(key_of(k)).if_version(w->versions[0]));
  REQUIRE_OK(e);
  EXPECT_EQ(e->versions.at(0), 0u);
  const auto r = co_await s.get(key_of(k));
  EXPECT_ERRC(r, Errc::not_found);
  const auto again = co_await apply(s, Write::erase(key_of(k)));
  REQUIRE_OK(again);
}

Awaitable<void> version_grows_across_erase(Rig&, Storage& s) {
  const auto k = unique("k");
  Version last = 0;
  for (int i = 0; i < 3; ++i) {
    const auto w = co_await apply(s, put(k, "1").if_absent());
    REQUIRE_OK(w);
    EXPECT_GT(w->versions[0], last);
    last = w->versions[0];
    const auto e = co_await apply(s, Write::erase(key_of(k)));
    REQUIRE_OK(e);
  }
}

Awaitable<void> batch_is_all_or_nothing(Rig&, Storage& s) {
  const auto a = unique("a");
  const auto b = unique("b");
  const auto c = unique("c");
  const auto w = co_await apply(s, put(b, "old"));
  REQUIRE_OK(w);
  std::vector<Write> batch;
  batch.push_back(put(a, "new"));
  batch.push_back(Write::erase(key_of(b)));
  batch.push_back(Write::add(key_of(c), 11, 0, 10));
  const auto refused = co_await s.apply(std::move(batch));
  EXPECT_ERRC(refused, Errc::precondition_failed);
  const auto ra = co_await s.get(key_of(a));
  EXPECT_ERRC(ra, Errc::not_found);
  const auto rb = co_await s.get(key_of(b));
  REQUIRE_OK(rb);
  EXPECT_EQ(rb->version, w->versions[0]);
}

Awaitable<void> check_guards_a_batch(Rig&, Storage& s) {
  const auto guard = unique("g");
  const auto a = unique("a");
  const auto w = co_await apply(s, put(guard, "1"));
  REQUIRE_OK(w);
  const auto version = w->versions[0];
  std::vector<Write> good;
  good.push_back(Write::check(key_of(guard), version));
  good.push_back(Write::check(key_of(unique("absent")), 0));
  good.push_back(put(a, "1"));
  const auto done = co_await s.apply(std::move(good));
  REQUIRE_OK(done);
  EXPECT_EQ(done->versions.at(0), version);
  EXPECT_EQ(done->versions.at(1), 0u);
  std::vector<Write> bad;
  bad.push_back(put(a, "2"));
  bad.push_back(Write::check(key_of(guard), version + 1));
  const auto refused = co_await s.apply(std::move(bad));
  EXPECT_ERRC(refused, Errc::version_mismatch);
  const auto r = co_await s.get(key_of(a));
  REQUIRE_OK(r);
  EXPECT_EQ(r->value, to_bytes("1"));
  const auto g = co_await s.get(key_of(guard));
  REQUIRE_OK(g);
  EXPECT_EQ(g->version, version) << "a check changes nothing";
}

Awaitable<void> duplicate_key_in_batch_is_refused(Rig&, Storage& s) {
  const auto k = unique("k");
  std::vector<Write> batch;
  batch.push_back(put(k, "1"));
  batch.push_back(put(k, "2"));
  const auto w = co_await s.apply(std::move(batch));
  EXPECT_ERRC(w, Errc::invalid_argument);
  const auto r = co_await s.get(key_of(k));
  EXPECT_ERRC(r, Errc::not_found);
}

Awaitable<void> counter_keeps_its_bounds(Rig&, Storage& s) {
  const auto k = unique("n");
  const auto six = co_await apply(s, Write::add(key_of(k), 6, 0, 10));
  REQUIRE_OK(six);
  EXPECT_EQ(six->values.at(0), 6);
  EXPECT_GT(six->versions.at(0), 0u);
  const auto over = co_await apply(s, Write::add(key_of(k), 5, 0, 10));
  EXPECT_ERRC(over, Errc::precondition_failed);
  const auto ten = co_await apply(s, Write::add(key_of(k), 4, 0, 10));
  REQUIRE_OK(ten);
  EXPECT_EQ(ten->values.at(0), 10);
  EXPECT_GT(ten->versions.at(0), six->versions.at(0));
  const auto refund = co_await apply(s, Write::add(key_of(k), -10, 0, 10));
  REQUIRE_OK(refund);
  EXPECT_EQ(refund->values.at(0), 0);
  const auto under = co_await apply(s, Write::add(key_of(k), -1, 0, 10));
  EXPECT_ERRC(under, Errc::precondition_failed);
}

Awaitable<void> counter_reads_as_decimal(Rig&, Storage& s) {
  const auto k = unique("n");
  constexpr std::int64_t kBig = 9'007'199'254'740'993;  // does not fit a double
  const auto w = co_await apply(s, Write::add(key_of(k), -kBig, INT64_MIN, INT64_MAX));
  REQUIRE_OK(w);
  EXPECT_EQ(w->values.at(0), -kBig);
  const auto r = co_await s.get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_EQ(to_text(r->value), "-9007199254740993");
  const auto overflow = co_await apply(s, Write::add(key_of(k), INT64_MIN, INT64_MIN, INT64_MAX));
  EXPECT_ERRC(overflow, Errc::precondition_failed);
}

Awaitable<void> expiry_hides(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "1").expire_in(Millis(300)));
  REQUIRE_OK(w);
  const auto alive = co_await s.get(key_of(k));
  if (alive) {
    REQUIRE(alive->expires_in);
    EXPECT_LE(*alive->expires_in, Millis(300));
  }
  const bool hidden = co_await until_hidden(s, k);
  EXPECT_TRUE(hidden);
  const auto page = co_await s.list(kSpace, k, "", 10);
  REQUIRE_OK(page);
  EXPECT_TRUE(page->records.empty());
}

Awaitable<void> long_life_is_not_cut(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "1").expire_in(std::chrono::hours(24 * 365)));
  REQUIRE_OK(w);
  const auto r = co_await s.get(key_of(k));
  REQUIRE_OK(r);
  REQUIRE(r->expires_in);
  EXPECT_GT(*r->expires_in, std::chrono::hours(24 * 364));
}

Awaitable<void> expired_counts_as_absent(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto n = unique("n");
  const auto w = co_await apply(s, put(k, "1").expire_in(Millis(20)));
  REQUIRE_OK(w);
  const auto c = co_await apply(s, Write::add(key_of(n), 7, 0, 100).expire_in(Millis(20)));
  REQUIRE_OK(c);
  const bool k_hidden = co_await until_hidden(s, k);
  const bool n_hidden = co_await until_hidden(s, n);
  REQUIRE(k_hidden && n_hidden);
  const auto stale = co_await apply(s, put(k, "2").if_version(w->versions[0]));
  EXPECT_ERRC(stale, Errc::version_mismatch);
  const auto fresh = co_await apply(s, put(k, "2").if_absent());
  REQUIRE_OK(fresh);
  EXPECT_GT(fresh->versions[0], w->versions[0]);
  const auto r = co_await s.get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_FALSE(r->expires_in) << "the new record must not inherit the old expiry";
  const auto counted = co_await apply(s, Write::add(key_of(n), 1, 0, 100));
  REQUIRE_OK(counted);
  EXPECT_EQ(counted->values.at(0), 1);
}

Awaitable<void> put_replaces_expiry_and_add_keeps_it(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto n = unique("n");
  const auto w = co_await apply(s, put(k, "1").expire_in(std::chrono::hours(1)));
  REQUIRE_OK(w);
  const auto w2 = co_await apply(s, put(k, "2"));
  REQUIRE_OK(w2);
  const auto r = co_await s.get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_FALSE(r->expires_in);
  const auto a = co_await apply(s, Write::add(key_of(n), 1, 0, 9).expire_in(std::chrono::hours(1)));
  REQUIRE_OK(a);
  const auto a2 = co_await apply(s, Write::add(key_of(n), 1, 0, 9));
  REQUIRE_OK(a2);
  const auto rn = co_await s.get(key_of(n));
  REQUIRE_OK(rn);
  EXPECT_TRUE(rn->expires_in);
}

Awaitable<void> list_is_ordered_and_paged(Rig&, Storage& s) {
  const auto p = unique("p") + "/";
  std::vector<std::string> expected;
  std::vector<Write> batch;
  for (const char* name : {"10", "9", "A", "a", "_", "Z", "a/b", "a.b", "a-b"}) {
    expected.push_back(p + name);
    batch.push_back(put(p + name, name));
  }
  batch.push_back(put(unique("other"), "x"));
  const auto w = co_await s.apply(std::move(batch));
  REQUIRE_OK(w);
  std::sort(expected.begin(), expected.end());  // byte order
  for (const std::size_t limit : {1u, 2u, 4u, 9u, 100u}) {
    std::vector<std::string> seen;
    std::string cursor;
    for (int pages = 0; pages < 20; ++pages) {
      const auto page = co_await s.list(kSpace, p, cursor, limit);
      REQUIRE_OK(page);
      EXPECT_LE(page->records.size(), limit);
      for (const Record& r : page->records) {
        EXPECT_EQ(p + to_text(r.value), r.key);
        seen.push_back(r.key);
      }
      cursor = page->next;
      if (cursor.empty()) {
        break;
      }
    }
    EXPECT_EQ(seen, expected) << "pages of " << limit;
  }
}

Awaitable<void> not_due_is_not_claimed(Rig&, Storage& s) {
  const auto q = unique("q_");
  const auto w = co_await apply(s, put(unique("k"), "1").due_in(std::chrono::hours(1), q));
  REQUIRE_OK(w);
  const auto now = co_await apply(s, put(unique("k"), "2").due_in(Millis(0), q));
  REQUIRE_OK(now);
  const auto claims = co_await s.claim_due(q, 10, std::chrono::hours(1));
  REQUIRE_OK(claims);
  REQUIRE(claims->size() == 1);
  EXPECT_EQ(to_text(claims->front().record.value), "2");
}

Awaitable<void> claims_come_earliest_first(Rig&, Storage& s) {
  const auto q = unique("q_");
  const auto late = unique("k");
  const auto early = unique("k");
  std::vector<Write> batch;  // one batch, one clock reading
  batch.push_back(put(late, "late").due_in(Millis(120), q));
  batch.push_back(put(early, "early").due_in(Millis(40), q));
  const auto w = co_await s.apply(std::move(batch));
  REQUIRE_OK(w);
  co_await sleep_for(Millis(200));
  const auto one = co_await s.claim_due(q, 1, std::chrono::hours(1));
  REQUIRE_OK(one);
  REQUIRE(one->size() == 1);
  EXPECT_EQ(one->front().key.key, early);
  EXPECT_EQ(one->front().key.space, kSpace);
}

Awaitable<void> claim_is_exclusive(Rig&, Storage& s) {
  const auto q = unique("q_");
  std::vector<Write> batch;
  std::map<std::string, std::string> expected;
  for (int i = 0; i < 3; ++i) {
    const auto k = unique("k");
    expected[k] = std::to_string(i);
    batch.push_back(put(k, expected[k]).due_in(Millis(0), q));
  }
  const auto w = co_await s.apply(std::move(batch));
  REQUIRE_OK(w);
  const auto one = co_await s.claim_due(q, 2, std::chrono::hours(1));
  REQUIRE_OK(one);
  EXPECT_EQ(one->size(), 2u);
  const auto two = co_await s.claim_due(q, 10, std::chrono::hours(1));
  REQUIRE_OK(two);
  EXPECT_EQ(two->size(), 1u);
  const auto none = co_await s.claim_due(q, 10, std::chrono::hours(1));
  REQUIRE_OK(none);
  EXPECT_TRUE(none->empty()) << "claimed records came again before their lease ended";
  std::map<std::string, std::string> seen;
  for (const auto* claims : {&*one, &*two}) {
    for (const Claim& c : *claims) {
      EXPECT_EQ(c.attempt, 1u);
      EXPECT_EQ(c.record.key, c.key.key);
      seen[c.key.key] = to_text(c.record.value);
      const auto r = co_await s.get(c.key);
      REQUIRE_OK(r);
      EXPECT_EQ(r->version, c.record.version) << "a claim's version is the record's";
    }
  }
  EXPECT_EQ(seen, expected);
}

Awaitable<void> lease_ends_and_attempt_counts(Rig&, Storage& s) {
  const auto q = unique("q_");
  const auto w = co_await apply(s, put(unique("k"), "1").due_in(Millis(0), q));
  REQUIRE_OK(w);
  Version version = w->versions[0];
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    const auto claims = co_await claim(s, q, 1, Millis(30));
    REQUIRE(claims.size() == 1);
    EXPECT_EQ(claims[0].attempt, attempt);
    EXPECT_GT(claims[0].record.version, version) << "a claim makes the version grow";
    version = claims[0].record.version;
  }
}

Awaitable<void> late_claim_is_fenced(Rig&, Storage& s) {
  const auto q = unique("q_");
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "1").due_in(Millis(0), q));
  REQUIRE_OK(w);
  const auto first = co_await claim(s, q, 1, Millis(30));
  REQUIRE(first.size() == 1);
  const auto second = co_await claim(s, q, 1, std::chrono::hours(1));
  REQUIRE(second.size() == 1);
  const auto late = co_await apply(s, Write::erase(key_of(k)).if_version(first[0].record.version));
  EXPECT_ERRC(late, Errc::version_mismatch);
  const auto done = co_await apply(s, Write::erase(key_of(k)).if_version(second[0].record.version));
  REQUIRE_OK(done);
}

Awaitable<void> queued_record_outlives_its_expiry(Rig&, Storage& s) {
  const auto q = unique("q_");
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "pointer").expire_in(Millis(20)).due_in(Millis(40), q));
  REQUIRE_OK(w);
  const bool hidden = co_await until_hidden(s, k);
  REQUIRE(hidden);
  // Writes in between give a store that purges expired records the occasion.
  for (int i = 0; i < 5; ++i) {
    const auto other = co_await apply(s, put(unique("k"), "x"));
    REQUIRE_OK(other);
  }
  const auto claims = co_await claim(s, q, 1, std::chrono::hours(1));
  REQUIRE(claims.size() == 1);
  EXPECT_EQ(to_text(claims[0].record.value), "pointer");
  const auto still = co_await s.get(key_of(k));
  EXPECT_ERRC(still, Errc::not_found);
}

Awaitable<void> expired_claim_can_be_finished(Rig&, Storage& s) {
  const auto q = unique("q_");
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "1").expire_in(Millis(1)).due_in(Millis(0), q));
  REQUIRE_OK(w);
  const bool hidden = co_await until_hidden(s, k);
  REQUIRE(hidden);
  const auto claims = co_await claim(s, q, 1, Millis(50));
  REQUIRE(claims.size() == 1);
  const auto again = co_await apply(
      s,
      put(k, "2").if_version(claims[0].record.version).expire_in(Millis(1)).due_in(Millis(0), q));
  REQUIRE_OK(again);
  const auto second = co_await claim(s, q, 1, std::chrono::hours(1));
  REQUIRE(second.size() == 1);
  EXPECT_EQ(to_text(second[0].record.value), "2");
  const auto erased =
      co_await apply(s, Write::erase(key_of(k)).if_version(second[0].record.version));
  REQUIRE_OK(erased);
  const auto none = co_await s.claim_due(q, 1, Millis(10));
  REQUIRE_OK(none);
  EXPECT_TRUE(none->empty());
}

Awaitable<void> put_takes_off_the_queue(Rig&, Storage& s) {
  const auto q = unique("q_");
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "1").due_in(Millis(0), q));
  REQUIRE_OK(w);
  const auto w2 = co_await apply(s, put(k, "2"));
  REQUIRE_OK(w2);
  const auto none = co_await s.claim_due(q, 1, Millis(10));
  REQUIRE_OK(none);
  EXPECT_TRUE(none->empty());
}

Awaitable<void> concurrent_cas_loses_nothing(Rig& rig, Storage& s) {
  constexpr std::size_t kWriters = 200;
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "0"));
  REQUIRE_OK(w);
  std::atomic<std::size_t> gave_up{0};
  co_await in_parallel(rig.host(), kWriters, [&](std::size_t) -> Awaitable<void> {
    for (int i = 0; i < 2000; ++i) {
      const auto r = co_await s.get(key_of(k));
      REQUIRE_OK(r);
      const auto next = std::to_string(std::stoi(to_text(r->value)) + 1);
      const auto done = co_await apply(s, put(k, next).if_version(r->version));
      if (done) {
        co_return;
      }
      if (done.error().code != Errc::version_mismatch) {
        ADD_FAILURE() << describe(done.error());
        co_return;
      }
    }
    ++gave_up;
  });
  EXPECT_EQ(gave_up, 0u);
  const auto r = co_await s.get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_EQ(to_text(r->value), std::to_string(kWriters));
}

Awaitable<void> concurrent_adds_sum_exactly(Rig& rig, Storage& s) {
  const auto k = unique("n");
  std::atomic<int> refused{0};
  std::mutex mutex;
  std::set<std::int64_t> values;
  co_await in_parallel(rig.host(), 150, [&](std::size_t) -> Awaitable<void> {
    const auto done = co_await apply(s, Write::add(key_of(k), 1, 0, 100));
    if (done) {
      const std::lock_guard lock(mutex);
      values.insert(done->values.at(0));
    } else {
      EXPECT_ERRC(done, Errc::precondition_failed);
      ++refused;
    }
  });
  EXPECT_EQ(refused, 50);
  EXPECT_EQ(values.size(), 100u) << "every sum is answered once";
  const auto r = co_await s.get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_EQ(to_text(r->value), "100");
}

Awaitable<void> largest_value_is_kept(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto value = pattern(s.caps().max_value);
  const auto w = co_await apply(s, Write::put(key_of(k), value));
  REQUIRE_OK(w);
  const auto r = co_await s.get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_TRUE(r->value == value);
}

Awaitable<void> too_large_value_is_refused(Rig&, Storage& s) {
  const auto k = unique("k");
  const auto w = co_await apply(s, Write::put(key_of(k), pattern(s.caps().max_value + 1)));
  EXPECT_ERRC(w, Errc::too_large);
  const auto r = co_await s.get(key_of(k));
  EXPECT_ERRC(r, Errc::not_found);
}

Awaitable<void> batch_of_max_batch_works_and_one_more_does_not(Rig&, Storage& s) {
  for (const std::size_t size : {s.caps().max_batch, s.caps().max_batch + 1}) {
    std::vector<Write> batch;
    for (std::size_t i = 0; i < size; ++i) {
      batch.push_back(put(unique("k"), "1"));
    }
    const auto w = co_await s.apply(std::move(batch));
    if (size == s.caps().max_batch) {
      REQUIRE_OK(w);
      EXPECT_EQ(w->versions.size(), size);
    } else {
      EXPECT_ERRC(w, Errc::too_large);
    }
  }
}

Awaitable<void> survives_restart(Rig& rig, Storage& s) {
  const auto k = unique("k");
  const auto n = unique("n");
  const auto q = unique("q_");
  std::vector<Write> batch;
  batch.push_back(put(k, "kept").expire_in(std::chrono::hours(1)));
  batch.push_back(Write::add(key_of(n), 5, 0, 10));
  batch.push_back(put(unique("k"), "due").due_in(Millis(0), q));
  const auto w = co_await s.apply(std::move(batch));
  REQUIRE_OK(w);
  co_await rig.restart();
  auto& again = dynamic_cast<Storage&>(rig.plugin());
  const auto r = co_await again.get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_EQ(to_text(r->value), "kept");
  EXPECT_EQ(r->version, w->versions[0]);
  EXPECT_TRUE(r->expires_in);
  const auto sum = co_await apply(again, Write::add(key_of(n), 1, 0, 10));
  REQUIRE_OK(sum);
  EXPECT_EQ(sum->values.at(0), 6);
  const auto claims = co_await claim(again, q, 1, Millis(1000));
  EXPECT_EQ(claims.size(), 1u);
}

Awaitable<void> version_grows_across_restart(Rig& rig, Storage& s) {
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "1"));
  REQUIRE_OK(w);
  const auto e = co_await apply(s, Write::erase(key_of(k)));
  REQUIRE_OK(e);
  co_await rig.restart();
  auto& again = dynamic_cast<Storage&>(rig.plugin());
  const auto w2 = co_await apply(again, put(k, "2").if_absent());
  REQUIRE_OK(w2);
  EXPECT_GT(w2->versions[0], w->versions[0]);
}

Awaitable<void> second_instance_sees_the_same(Rig& rig, Storage& s) {
  auto* other = dynamic_cast<Storage*>(co_await rig.another());
  REQUIRE(other);
  const auto k = unique("k");
  const auto w = co_await apply(s, put(k, "1"));
  REQUIRE_OK(w);
  const auto r = co_await other->get(key_of(k));
  REQUIRE_OK(r);
  EXPECT_EQ(r->version, w->versions[0]);
}

Awaitable<void> thousand_due_records_are_claimed_once(Rig& rig, Storage& s) {
  constexpr std::size_t kRecords = 1000;
  const auto q = unique("q_");
  const auto p = unique("p");
  const std::size_t step = std::min<std::size_t>(s.caps().max_batch, 50);
  for (std::size_t i = 0; i < kRecords; i += step) {
    std::vector<Write> batch;
    for (std::size_t j = i; j < std::min(kRecords, i + step); ++j) {
      batch.push_back(put(p + std::to_string(j), "x").due_in(Millis(0), q));
    }
    const auto w = co_await s.apply(std::move(batch));
    REQUIRE_OK(w);
  }
  std::mutex mutex;
  std::multiset<std::string> seen;
  co_await in_parallel(rig.host(), 4, [&](std::size_t) -> Awaitable<void> {
    for (std::size_t round = 0; round < kRecords; ++round) {
      auto claims = co_await s.claim_due(q, 17, std::chrono::hours(1));
      REQUIRE_OK(claims);
      if (claims->empty()) {
        co_return;
      }
      const std::lock_guard lock(mutex);
      for (const Claim& c : *claims) {
        seen.insert(c.key.key);
      }
    }
  });
  EXPECT_EQ(seen.size(), kRecords);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), kRecords);
}

std::string unless_durable(Rig&, Storage& s) {
  return s.caps().durable ? "" : "caps().durable is false";
}

std::string unless_shared(Rig&, Storage& s) {
  return s.caps().shared ? "" : "caps().shared is false";
}

constexpr Case<Storage> kCases[] = {
    {"PingAnswers", ping_answers},
    {"MissingIsNotFound", missing_is_not_found},
    {"PutThenGet", put_then_get},
    {"SpacesAreApart", spaces_are_apart},
    {"BinaryValuesAreKept", binary_values_are_kept},
    {"IfAbsentRefusesWhatExists", if_absent_refuses_what_exists},
    {"StaleVersionIsRefused", stale_version_is_refused},
    {"VersionOfAbsentIsRefused", version_of_absent_is_refused},
    {"EraseRemoves", erase_removes},
    {"VersionGrowsAcrossErase", version_grows_across_erase},
    {"BatchIsAllOrNothing", batch_is_all_or_nothing},
    {"CheckGuardsABatch", check_guards_a_batch},
    {"DuplicateKeyInBatchIsRefused", duplicate_key_in_batch_is_refused},
    {"CounterKeepsItsBounds", counter_keeps_its_bounds},
    {"CounterReadsAsDecimal", counter_reads_as_decimal},
    {"ExpiryHides", expiry_hides},
    {"LongLifeIsNotCut", long_life_is_not_cut},
    {"ExpiredCountsAsAbsent", expired_counts_as_absent},
    {"PutReplacesExpiryAndAddKeepsIt", put_replaces_expiry_and_add_keeps_it},
    {"ListIsOrderedAndPaged", list_is_ordered_and_paged},
    {"NotDueIsNotClaimed", not_due_is_not_claimed},
    {"ClaimsComeEarliestFirst", claims_come_earliest_first},
    {"ClaimIsExclusive", claim_is_exclusive},
    {"LeaseEndsAndAttemptCounts", lease_ends_and_attempt_counts},
    {"LateClaimIsFenced", late_claim_is_fenced},
    {"QueuedRecordOutlivesItsExpiry", queued_record_outlives_its_expiry},
    {"ExpiredClaimCanBeFinished", expired_claim_can_be_finished},
    {"PutTakesOffTheQueue", put_takes_off_the_queue},
    {"ConcurrentCasLosesNothing", concurrent_cas_loses_nothing},
    {"ConcurrentAddsSumExactly", concurrent_adds_sum_exactly},
    {"LargestValueIsKept", largest_value_is_kept},
    {"TooLargeValueIsRefused", too_large_value_is_refused},
    {"BatchOfMaxBatchWorksAndOneMoreDoesNot", batch_of_max_batch_works_and_one_more_does_not},
    {"ThousandDueRecordsAreClaimedOnce", thousand_due_records_are_claimed_once},
    {"SurvivesRestart", survives_restart, unless_durable},
    {"VersionGrowsAcrossRestart", version_grows_across_restart, unless_durable},
    {"SecondInstanceSeesTheSame", second_instance_sees_the_same, unless_shared},
};

}  // namespace

void add_storage_cases() {
  add_cases<Storage>("Storage", kCases);
}

}  // namespace ferry::conformance
