#include "shares/upload_locks.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <vector>

namespace asio = boost::asio;

namespace ferry::shares {
namespace {

using Lease = UploadLocks::Lease;

template <class F>
void start(asio::io_context& loop, F body) {
  asio::co_spawn(loop, std::move(body), [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); });
}

TEST(UploadLocks, KeepUploadsApart) {
  asio::io_context loop(1);
  UploadLocks locks;
  start(loop, [&]() -> Awaitable<void> {
    const auto a = co_await locks.acquire("a", Millis(0));
    const auto b = co_await locks.acquire("b", Millis(0));
    EXPECT_TRUE(a && b);
    EXPECT_FALSE(a->preempted());
  });
  loop.run();
}

TEST(UploadLocks, AskTheHolderAndWaitForItsRelease) {
  asio::io_context loop(1);
  UploadLocks locks;
  std::vector<std::string> order;
  std::optional<Lease> first;
  start(loop, [&]() -> Awaitable<void> {
    first = co_await locks.acquire("a", Millis(0));
    first->on_preempt([&] {
      order.push_back("asked");
      first.reset();
    });
  });
  start(loop, [&]() -> Awaitable<void> {
    const auto second = co_await locks.acquire("a", std::chrono::minutes(1));
    order.push_back(second ? "granted" : "refused");
  });
  loop.run();
  EXPECT_EQ(order, (std::vector<std::string>{"asked", "granted"}));
}

TEST(UploadLocks, GiveUpOnAHolderThatDoesNotLetGo) {
  asio::io_context loop(1);
  UploadLocks locks;
  std::optional<Lease> first;
  bool refused = false;
  start(loop, [&]() -> Awaitable<void> { first = co_await locks.acquire("a", Millis(0)); });
  start(loop, [&]() -> Awaitable<void> { refused = !(co_await locks.acquire("a", Millis(1))); });
  loop.run();
  EXPECT_TRUE(refused);
  EXPECT_TRUE(first->preempted());

  // The one that gave up is forgotten: the lock is free again after its release.
  first.reset();
  loop.restart();
  bool granted = false;
  start(loop, [&]() -> Awaitable<void> {
    granted = (co_await locks.acquire("a", Millis(0))).has_value();
  });
  loop.run();
  EXPECT_TRUE(granted);
}

TEST(UploadLocks, TellAHolderThatIsAskedBeforeItListens) {
  asio::io_context loop(1);
  UploadLocks locks;
  std::optional<Lease> first;
  bool asked = false;
  start(loop, [&]() -> Awaitable<void> { first = co_await locks.acquire("a", Millis(0)); });
  start(loop, [&]() -> Awaitable<void> {
    (void)co_await locks.acquire("a", Millis(1));
    first->on_preempt([&] { asked = true; });
  });
  loop.run();
  EXPECT_TRUE(asked);
}

TEST(UploadLocks, ServeWaitersInTurn) {
  asio::io_context loop(1);
  UploadLocks locks;
  std::vector<int> order;
  std::optional<Lease> first;
  start(loop, [&]() -> Awaitable<void> {
    first = co_await locks.acquire("a", Millis(0));
    first->on_preempt([&] { first.reset(); });
  });
  for (int i = 1; i <= 3; ++i) {
    start(loop, [&, i]() -> Awaitable<void> {
      const auto lease = co_await locks.acquire("a", std::chrono::minutes(1));
      EXPECT_TRUE(lease);
      order.push_back(i);
    });
  }
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

}  // namespace
}  // namespace ferry::shares
