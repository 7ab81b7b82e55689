#include "runtime/loops.hpp"

#include "runtime/blocking_threads.hpp"
#include "runtime/spawn.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <gtest/gtest.h>
#include <latch>
#include <pthread.h>

namespace ferry {
namespace {

TEST(Loops, RunEachOnAThreadOfTheirOwn) {
  Loops loops(3);
  loops.start();
  EXPECT_EQ(loops.size(), 3u);
  EXPECT_EQ(Loops::this_loop(), Host::npos);
  for (std::size_t i = 0; i < 3; ++i) {
    std::promise<std::pair<std::size_t, std::string>> seen;
    loops.post(i, [&] {
      char name[16];
      pthread_getname_np(pthread_self(), name, sizeof name);
      seen.set_value({Loops::this_loop(), name});
    });
    EXPECT_EQ(seen.get_future().get(), std::pair(i, "loop-" + std::to_string(i)));
  }
}

TEST(Loops, GoOnAfterAHandlerThrew) {
  std::promise<std::string> reported;
  set_unhandled_hook([&](std::string_view name, std::string_view what) {
    reported.set_value(std::string(name) + ": " + std::string(what));
  });
  Loops loops(1);
  loops.start();
  loops.post(0, [] { throw std::runtime_error("oops"); });
  std::promise<void> next;
  loops.post(0, [&] { next.set_value(); });
  EXPECT_EQ(reported.get_future().get(), "loop: oops");
  next.get_future().get();
  set_unhandled_hook({});
}

Awaitable<void> fail() {
  throw std::runtime_error("escaped");
  co_return;
}

TEST(Spawn, ReportsWhatEscapesUnderItsName) {
  std::promise<std::string> reported;
  set_unhandled_hook([&](std::string_view name, std::string_view what) {
    reported.set_value(std::string(name) + ": " + std::string(what));
  });
  Loops loops(1);
  loops.start();
  spawn("sweeper", loops.executor(0), fail());
  EXPECT_EQ(reported.get_future().get(), "sweeper: escaped");
  set_unhandled_hook({});
}

TEST(BlockingThreads, ResumeTheCallerOnItsOwnLoop) {
  Loops loops(2);
  loops.start();
  BlockingThreads pool(2);
  const auto job = [&]() -> Awaitable<std::pair<int, std::size_t>> {
    auto work = []() -> Result<int> { return Loops::this_loop() == Host::npos ? 7 : 0; };
    const auto result = co_await pool.run(std::move(work));
    co_return std::pair(*result, Loops::this_loop());
  };
  auto future = boost::asio::co_spawn(loops.executor(1), job(), boost::asio::use_future);
  EXPECT_EQ(future.get(), std::pair(7, std::size_t{1}));
}

TEST(BlockingThreads, TurnExceptionsIntoErrorsAndRefuseWhenFull) {
  Loops loops(1);
  loops.start();
  BlockingThreads pool(1, 1);
  const auto throws = [&]() -> Awaitable<Errc> {
    auto work = []() -> Result<int> { throw std::runtime_error("no"); };
    const auto result = co_await pool.run(std::move(work));
    co_return result.error().code;
  };
  EXPECT_EQ(boost::asio::co_spawn(loops.executor(0), throws(), boost::asio::use_future).get(),
            Errc::internal);

  std::latch entered(1);
  std::latch go(1);
  ASSERT_TRUE(pool.submit([&] {
    entered.count_down();
    go.wait();
  }));
  entered.wait();
  bool ran = false;
  EXPECT_TRUE(pool.submit([&] { ran = true; }));  // the queue's only place
  EXPECT_FALSE(pool.submit([] {}));
  go.count_down();
  pool.stop();
  EXPECT_TRUE(ran);  // stop() runs what was accepted
  EXPECT_FALSE(pool.submit([] {}));
}

}  // namespace
}  // namespace ferry
