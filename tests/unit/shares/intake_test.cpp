#include "shares/intake.hpp"

#include "support/feed.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace asio = boost::asio;

namespace ferry::shares {
namespace {

/// Runs `body` on a loop of its own until nothing is left to do.
template <class F>
void run(F body) {
  asio::io_context loop(1);
  bool finished = false;
  asio::co_spawn(loop, body(loop.get_executor()), [&finished](std::exception_ptr thrown) {
    EXPECT_FALSE(thrown);
    finished = true;
  });
  loop.run();
  EXPECT_TRUE(finished);
}

Deadline soon() {
  return std::chrono::steady_clock::now() + std::chrono::minutes(1);
}

Awaitable<std::string> drain(Intake& intake) {
  std::string all;
  while (!intake.drained()) {
    all += as_text(co_await intake.take(soon()));
  }
  co_return all;
}

TEST(Intake, HandsOverEveryByteInOrderWhateverThePiecesAre) {
  for (const std::size_t block : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
    std::string sent;
    for (int i = 0; i < 500; ++i) {
      sent += std::to_string(i) + ",";
    }
    run([&](asio::any_io_executor executor) -> Awaitable<void> {
      const auto feed = std::make_shared<test::Feed>(executor);
      for (std::size_t at = 0, n = 1; at < sent.size(); at += n, n = n * 3 % 101) {
        feed->push(sent.substr(at, n));
      }
      feed->end();
      const auto intake = Intake::start(executor, feed->source(), block);
      const auto got = co_await drain(*intake);
      co_await intake->join();
      EXPECT_EQ(got, sent);
      EXPECT_FALSE(intake->error());
    });
  }
}

TEST(Intake, GivesWhatThereIsWhenPatienceEnds) {
  run([](asio::any_io_executor executor) -> Awaitable<void> {
    const auto feed = std::make_shared<test::Feed>(executor);
    feed->push("abc");
    const auto intake = Intake::start(executor, feed->source(), 100);
    const auto piece =
        co_await intake->take(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
    EXPECT_EQ(as_text(piece), "abc");
    EXPECT_FALSE(intake->drained());
    feed->end();
    EXPECT_EQ(co_await drain(*intake), "");
    co_await intake->join();
  });
}

TEST(Intake, KeepsWhatArrivedBeforeAnError) {
  run([](asio::any_io_executor executor) -> Awaitable<void> {
    const auto feed = std::make_shared<test::Feed>(executor);
    feed->push("abc");
    feed->fail(Errc::timeout);
    const auto intake = Intake::start(executor, feed->source(), 100);
    EXPECT_EQ(co_await drain(*intake), "abc");
    co_await intake->join();
    EXPECT_TRUE(intake->error() && intake->error()->code == Errc::timeout);
  });
}

TEST(Intake, StopsASourceThatSaysNothing) {
  run([](asio::any_io_executor executor) -> Awaitable<void> {
    const auto silent = [executor]() -> Awaitable<Result<ByteView>> {
      asio::steady_timer forever(executor, Deadline::max());
      boost::system::error_code error;
      co_await forever.async_wait(asio::redirect_error(asio::use_awaitable, error));
      co_return Error(Errc::cancelled);
    };
    const auto intake = Intake::start(executor, silent, 100);
    asio::post(executor, [intake] { intake->stop(); });
    EXPECT_EQ(co_await drain(*intake), "");
    co_await intake->join();
    EXPECT_TRUE(intake->error() && intake->error()->code == Errc::cancelled);
  });
}

TEST(Intake, TurnsAThrowingSourceIntoAnError) {
  run([](asio::any_io_executor executor) -> Awaitable<void> {
    const auto throwing = []() -> Awaitable<Result<ByteView>> {
      throw std::runtime_error("no");
      co_return ByteView();
    };
    const auto intake = Intake::start(executor, throwing, 100);
    EXPECT_EQ(co_await drain(*intake), "");
    co_await intake->join();
    EXPECT_TRUE(intake->error().has_value());
  });
}

}  // namespace
}  // namespace ferry::shares
