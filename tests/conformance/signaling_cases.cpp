#include "suite.hpp"

#include <ferry/signaling.hpp>

#include <atomic>
#include <mutex>
#include <set>

namespace ferry::conformance {
namespace {

SharedBytes message(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

/// A subscriber that remembers.
class Recorder final : public SignalingEvents {
 public:
  explicit Recorder(Host& host) : host_(host), loop_(host.this_loop()) {}

  void on_message(std::string_view channel, const SharedBytes& payload) override {
    const std::lock_guard lock(mutex_);
    wrong_loop_ |= host_.this_loop() != loop_;
    channels_.emplace(channel);
    texts_.push_back(*payload);
  }
  void on_gap(std::string_view) override {}

  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return texts_.size();
  }
  std::vector<std::string> texts() const {
    const std::lock_guard lock(mutex_);
    return texts_;
  }
  std::set<std::string> channels() const {
    const std::lock_guard lock(mutex_);
    return channels_;
  }
  bool wrong_loop() const {
    const std::lock_guard lock(mutex_);
    return wrong_loop_;
  }

 private:
  Host& host_;
  const std::size_t loop_;
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
  std::set<std::string> channels_;
  bool wrong_loop_ = false;
};

using RecorderPtr = std::shared_ptr<Recorder>;

/// Made and subscribed on that loop; null when that failed.
Awaitable<RecorderPtr> subscriber(Rig& rig, Signaling& s, std::string channel, std::size_t loop) {
  RecorderPtr recorder;
  co_await on_loop(rig.host(), loop, [&]() -> Awaitable<void> {
    auto made = std::make_shared<Recorder>(rig.host());
    const auto subscribed = co_await s.subscribe(channel, made);
    REQUIRE_OK(subscribed);
    recorder = std::move(made);
  });
  co_return recorder;
}

/// A message that follows everything published before it from here: when `r` has it, nothing else
/// is on its way.
Awaitable<void> flush(Signaling& s, const std::string& channel, const Recorder& r) {
  const auto marker = unique("flush");
  const auto sent = s.publish(channel, message(marker));
  REQUIRE_OK(sent);
  const bool arrived = co_await eventually([&] {
    const auto texts = r.texts();
    return !texts.empty() && texts.back() == marker;
  });
  EXPECT_TRUE(arrived);
}

Awaitable<void> ping_answers(Rig&, Signaling& s) {
  const auto pong = co_await s.ping();
  REQUIRE_OK(pong);
}

Awaitable<void> delivers_on_every_loop(Rig& rig, Signaling& s) {
  const auto channel = unique("c");
  std::vector<RecorderPtr> all;
  for (std::size_t loop = 0; loop < rig.host().loops(); ++loop) {
    all.push_back(co_await subscriber(rig, s, channel, loop));
    REQUIRE(all.back());
  }
  for (std::size_t loop = 0; loop < rig.host().loops(); ++loop) {
    co_await on_loop(rig.host(), loop, [&]() -> Awaitable<void> {
      const auto sent = s.publish(channel, message("from " + std::to_string(loop)));
      REQUIRE_OK(sent);
    });
  }
  for (const auto& r : all) {
    const bool arrived = co_await eventually([&] { return r->count() >= rig.host().loops(); });
    EXPECT_TRUE(arrived);
    EXPECT_EQ(r->count(), rig.host().loops());
    EXPECT_FALSE(r->wrong_loop()) << "events come on the loop that subscribed";
    EXPECT_EQ(r->channels(), std::set<std::string>{channel});
  }
}

Awaitable<void> publisher_hears_itself(Rig& rig, Signaling& s) {
  const auto channel = unique("c");
  const auto r = co_await subscriber(rig, s, channel, 0);
  REQUIRE(r);
  const auto sent = s.publish(channel, message("hello"));
  REQUIRE_OK(sent);
  const bool arrived = co_await eventually([&] { return r->count() == 1; });
  EXPECT_TRUE(arrived);
}

Awaitable<void> binary_payload_is_kept(Rig& rig, Signaling& s) {
  const auto channel = unique("c");
  const auto r = co_await subscriber(rig, s, channel, rig.host().loops() - 1);
  REQUIRE(r);
  std::string all(s.caps().max_payload, '\0');
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<char>(i * 7);
  }
  for (const std::string& text : {std::string(), std::string("\0\r\n'\"\xff", 6), all}) {
    const auto before = r->count();
    const auto sent = s.publish(channel, message(text));
    REQUIRE_OK(sent);
    const bool arrived = co_await eventually([&] { return r->count() == before + 1; });
    REQUIRE(arrived);
    EXPECT_TRUE(r->texts().back() == text) << text.size() << " bytes";
  }
}

Awaitable<void> order_is_kept_per_publisher(Rig& rig, Signaling& s) {
  constexpr int kMessages = 2000;
  const auto channel = unique("c");
  std::vector<RecorderPtr> all;
  for (std::size_t loop = 0; loop < rig.host().loops(); ++loop) {
    all.push_back(co_await subscriber(rig, s, channel, loop));
    REQUIRE(all.back());
  }
  // One publisher per loop; a full queue is an answer, not a loss.
  co_await in_parallel(rig.host(), rig.host().loops(), [&](std::size_t me) -> Awaitable<void> {
    for (int i = 0; i < kMessages; ++i) {
      const auto sent = s.publish(channel, message(std::to_string(me) + ":" + std::to_string(i)));
      REQUIRE_OK(sent);
      if (i % 100 == 0) {
        co_await eventually([n = 0]() mutable { return n++ > 0; });
      }
    }
  });
  const std::size_t expected = kMessages * rig.host().loops();
  for (const auto& r : all) {
    const bool arrived = co_await eventually([&] { return r->count() >= expected; });
    EXPECT_TRUE(arrived) << r->count() << " of " << expected;
    std::vector<int> next(rig.host().loops(), 0);
    for (const auto& text : r->texts()) {
      const auto colon = text.find(':');
      auto& n = next.at(static_cast<std::size_t>(std::stoi(text.substr(0, colon))));
      REQUIRE(std::stoi(text.substr(colon + 1)) == n);
      ++n;
    }
  }
}

/// Answers every message with another, from within on_message().
class Answerer final : public SignalingEvents {
 public:
  Answerer(Signaling& s, std::string channel) : signaling_(s), channel_(std::move(channel)) {}
  void on_message(std::string_view, const SharedBytes& payload) override {
    const int n = std::stoi(*payload);
    if (n % 2 == 0) {
      EXPECT_TRUE(signaling_.publish(channel_, message(std::to_string(n + 1))).has_value());
    }
  }
  void on_gap(std::string_view) override {}

 private:
  Signaling& signaling_;
  std::string channel_;
};

Awaitable<void> answer_follows_what_it_answers(Rig& rig, Signaling& s) {
  const auto channel = unique("c");
  auto answerer = std::make_shared<Answerer>(s, channel);
  const auto subscribed = co_await s.subscribe(channel, answerer);
  REQUIRE_OK(subscribed);
  const auto here = co_await subscriber(rig, s, channel, 0);
  const auto there = co_await subscriber(rig, s, channel, rig.host().loops() - 1);
  REQUIRE(here && there);
  for (int i = 0; i < 100; i += 2) {
    const auto sent = s.publish(channel, message(std::to_string(i)));
    REQUIRE_OK(sent);
  }
  for (const auto& r : {here, there}) {
    const bool arrived = co_await eventually([&] { return r->count() == 100; });
    REQUIRE(arrived);
    std::set<int> seen;
    for (const auto& text : r->texts()) {
      const int n = std::stoi(text);
      EXPECT_TRUE(n % 2 == 0 || seen.contains(n - 1)) << n << " came before " << n - 1;
      seen.insert(n);
    }
  }
}

Awaitable<void> channels_are_apart(Rig& rig, Signaling& s) {
  const auto one = unique("c");
  const auto two = unique("c");
  const auto r1 = co_await subscriber(rig, s, one, 0);
  const auto r2 = co_await subscriber(rig, s, two, rig.host().loops() - 1);
  REQUIRE(r1 && r2);
  const auto sent1 = s.publish(one, message("1"));
  const auto sent2 = s.publish(two, message("2"));
  const auto nobody = s.publish(unique("c"), message("3"));
  REQUIRE_OK(sent1);
  REQUIRE_OK(sent2);
  REQUIRE_OK(nobody);
  co_await flush(s, one, *r1);
  co_await flush(s, two, *r2);
  EXPECT_EQ(r1->texts().front(), "1");
  EXPECT_EQ(r2->texts().front(), "2");
  EXPECT_EQ(r1->count(), 2u);
  EXPECT_EQ(r2->count(), 2u);
}

Awaitable<void> unsubscribe_stops(Rig& rig, Signaling& s) {
  const auto channel = unique("c");
  for (std::size_t loop = 0; loop < rig.host().loops(); ++loop) {
    const auto leaving = co_await subscriber(rig, s, channel, loop);
    const auto staying = co_await subscriber(rig, s, channel, loop);
    REQUIRE(leaving && staying);
    const auto sent = s.publish(channel, message("first"));
    REQUIRE_OK(sent);
    co_await flush(s, channel, *staying);
    std::size_t count = 0;
    co_await on_loop(rig.host(), loop, [&]() -> Awaitable<void> {
      co_await s.unsubscribe(channel, leaving);
      count = leaving->count();
    });
    const auto after = s.publish(channel, message("second"));
    REQUIRE_OK(after);
    co_await flush(s, channel, *staying);
    EXPECT_EQ(leaving->count(), count);
    co_await s.unsubscribe(channel, leaving);  // again, and from another loop: harmless
    co_await s.unsubscribe(channel, staying);
  }
}

Awaitable<void> expired_subscriber_is_harmless(Rig& rig, Signaling& s) {
  const auto channel = unique("c");
  for (std::size_t loop = 0; loop < rig.host().loops(); ++loop) {
    auto leaving = co_await subscriber(rig, s, channel, loop);
    REQUIRE(leaving);
    leaving.reset();
  }
  const auto staying = co_await subscriber(rig, s, channel, 0);
  REQUIRE(staying);
  for (int i = 0; i < 10; ++i) {
    const auto sent = s.publish(channel, message("x"));
    REQUIRE_OK(sent);
  }
  co_await flush(s, channel, *staying);
  EXPECT_EQ(staying->count(), 11u);
}

Awaitable<void> many_subscribers_each_hear_once(Rig& rig, Signaling& s) {
  const auto channel = unique("c");
  std::vector<RecorderPtr> all;
  for (std::size_t i = 0; i < 200; ++i) {
    all.push_back(co_await subscriber(rig, s, channel, i % rig.host().loops()));
    REQUIRE(all.back());
  }
  const auto sent = s.publish(channel, message("once"));
  REQUIRE_OK(sent);
  for (const auto& r : all) {
    co_await flush(s, channel, *r);
    const auto texts = r->texts();
    EXPECT_EQ(std::count(texts.begin(), texts.end(), "once"), 1);
  }
}

Awaitable<void> too_large_payload_is_refused(Rig& rig, Signaling& s) {
  const auto channel = unique("c");
  const auto r = co_await subscriber(rig, s, channel, 0);
  REQUIRE(r);
  const auto sent = s.publish(channel, message(std::string(s.caps().max_payload + 1, 'x')));
  EXPECT_ERRC(sent, Errc::too_large);
  co_await flush(s, channel, *r);
  EXPECT_EQ(r->count(), 1u);
}

Awaitable<void> subscribing_while_publishing(Rig& rig, Signaling& s) {
  const auto channel = unique("c");
  std::atomic<std::size_t> listening{rig.host().loops()};
  std::atomic<std::size_t> heard{0};
  co_await in_parallel(rig.host(), 2 * rig.host().loops(), [&](std::size_t i) -> Awaitable<void> {
    if (i < rig.host().loops()) {
      while (listening != 0) {
        for (int burst = 0; burst < 20; ++burst) {
          const auto sent = s.publish(channel, message("x"));
          REQUIRE_OK(sent);
        }
        co_await eventually([n = 0]() mutable { return n++ > 0; });
      }
      co_return;
    }
    for (int round = 0; round < 20; ++round) {
      auto r = std::make_shared<Recorder>(rig.host());
      const auto subscribed = co_await s.subscribe(channel, r);
      REQUIRE_OK(subscribed);
      const bool got = co_await eventually([&] { return r->count() > 0; });
      EXPECT_TRUE(got);
      EXPECT_FALSE(r->wrong_loop());
      heard += r->count();
      if (round % 2 == 0) {
        co_await s.unsubscribe(channel, r);
      }
    }
    --listening;
  });
  EXPECT_GT(heard, 0u);
}

Awaitable<void> reaches_a_second_instance(Rig& rig, Signaling& s) {
  auto* other = dynamic_cast<Signaling*>(co_await rig.another());
  REQUIRE(other);
  const auto channel = unique("c");
  const auto r = co_await subscriber(rig, *other, channel, rig.host().loops() - 1);
  REQUIRE(r);
  const auto sent = s.publish(channel, message("across"));
  REQUIRE_OK(sent);
  const bool arrived = co_await eventually([&] { return r->count() == 1; });
  EXPECT_TRUE(arrived);
}

std::string unless_shared(Rig&, Signaling& s) {
  return s.caps().shared ? "" : "caps().shared is false";
}

constexpr Case<Signaling> kCases[] = {
    {"PingAnswers", ping_answers},
    {"DeliversOnEveryLoop", delivers_on_every_loop},
    {"PublisherHearsItself", publisher_hears_itself},
    {"BinaryPayloadIsKept", binary_payload_is_kept},
    {"OrderIsKeptPerPublisher", order_is_kept_per_publisher},
    {"AnswerFollowsWhatItAnswers", answer_follows_what_it_answers},
    {"ChannelsAreApart", channels_are_apart},
    {"UnsubscribeStops", unsubscribe_stops},
    {"ExpiredSubscriberIsHarmless", expired_subscriber_is_harmless},
    {"ManySubscribersEachHearOnce", many_subscribers_each_hear_once},
    {"TooLargePayloadIsRefused", too_large_payload_is_refused},
    {"SubscribingWhilePublishing", subscribing_while_publishing},
    {"ReachesASecondInstance", reaches_a_second_instance, unless_shared},
};

}  // namespace

void add_signaling_cases() {
  add_cases<Signaling>("Signaling", kCases);
}

}  // namespace ferry::conformance
