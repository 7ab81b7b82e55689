#include "runtime/lifecycle.hpp"

#include "runtime/drain.hpp"
#include "runtime/logging.hpp"
#include "runtime/spawn.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

namespace ferry {
namespace {

template <class T>
T run(Awaitable<T> coroutine) {
  boost::asio::io_context context;
  auto future = boost::asio::co_spawn(context, std::move(coroutine), boost::asio::use_future);
  context.run();
  return future.get();
}

class LifecycleTest : public testing::Test {
 protected:
  void add(const std::string& name, Errc* failure = nullptr, bool throws = false) {
    Component c(name);
    c.start = [this, name, failure, throws]() -> Awaitable<Result<void>> {
      events.push_back("start " + name);
      if (throws) {
        throw std::runtime_error("bang");
      }
      if (failure != nullptr) {
        co_return Error(*failure, "the disk is full");
      }
      co_return Result<void>();
    };
    c.drain = [this, name](Deadline) -> Awaitable<void> {
      events.push_back("drain " + name);
      co_return;
    };
    c.stop = [this, name]() -> Awaitable<void> {
      events.push_back("stop " + name);
      co_return;
    };
    lifecycle.add(std::move(c));
  }
  std::vector<std::string> events;
  std::unique_ptr<Log> log = Log::capture();
  Lifecycle lifecycle{log->root()};
};

using Strings = std::vector<std::string>;

TEST_F(LifecycleTest, StartsInOrderAndStopsInReverse) {
  add("a");
  add("b");
  EXPECT_TRUE(run(lifecycle.start()));
  run(lifecycle.drain({}));
  run(lifecycle.stop());
  run(lifecycle.stop());
  EXPECT_EQ(events, (Strings{"start a", "start b", "drain b", "drain a", "stop b", "stop a"}));
}

TEST_F(LifecycleTest, AFailedStartStopsWhatWasStartedAndNamesIt) {
  Errc failure = Errc::quota_exceeded;
  add("a");
  add("storage (sqlite)", &failure);
  add("c");
  const auto result = run(lifecycle.start());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::quota_exceeded);
  EXPECT_EQ(result.error().detail, "start of storage (sqlite) failed: the disk is full");
  EXPECT_EQ(events,
            (Strings{"start a", "start storage (sqlite)", "stop storage (sqlite)", "stop a"}));
}

TEST_F(LifecycleTest, AnExceptionIsAFailureToo) {
  add("a", nullptr, true);
  const auto result = run(lifecycle.start());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().detail, "start of a failed: bang");
}

TEST(DrainTest, IsVisibleBeforeTheFirstStepAndRunsStepsInOrder) {
  const auto log = Log::capture();
  Drain drain(DrainSettings(), log->root());
  Strings events;
  drain.add("listeners", [&](Deadline) -> Awaitable<void> {
    events.push_back(drain.draining() ? "listeners, not ready" : "listeners");
    throw std::runtime_error("odd");
    co_return;
  });
  drain.add("sockets", [&](Deadline deadline) -> Awaitable<void> {
    EXPECT_GT(deadline, std::chrono::steady_clock::now() + std::chrono::seconds(10));
    events.push_back("sockets");
    co_return;
  });
  EXPECT_FALSE(drain.draining());
  set_unhandled_hook([&](std::string_view, std::string_view what) { events.emplace_back(what); });
  run(drain.run());
  set_unhandled_hook({});
  EXPECT_EQ(events, (Strings{"listeners, not ready", "odd", "sockets"}));
}

TEST(DrainTest, HurryCutsTheDelayAndTheGrace) {
  const auto log = Log::capture();
  DrainSettings settings;
  settings.delay = std::chrono::hours(1);
  Drain drain(settings, log->root());
  int hurried = 0;
  drain.on_hurry([&] { ++hurried; });
  drain.add("step", [&](Deadline deadline) -> Awaitable<void> {
    EXPECT_LE(deadline, std::chrono::steady_clock::now());
    co_return;
  });
  drain.hurry();
  drain.hurry();
  run(drain.run());
  EXPECT_EQ(hurried, 1);
}

}  // namespace
}  // namespace ferry
