#pragma once
// A WebSocket without a network: what the other end says and hears, from the test's thread.
#include "http/message.hpp"
#include "websocket/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace ferry::testing {

class TestSocket final : public websocket::Connection {
 public:
  /// Runs `serve` on the socket until it is closed.
  TestSocket(boost::asio::any_io_executor executor, http::Upgrade serve)
      : executor_(std::move(executor)), wake_(executor_), serve_(std::move(serve)) {
    done_ = boost::asio::co_spawn(executor_, serve_(*this), boost::asio::use_future);
  }
  ~TestSocket() override {
    hang_up();
    done_.get();
    // What was posted before, also after the end, refers to this object.
    std::promise<void> passed;
    boost::asio::post(executor_, [&passed] { passed.set_value(); });
    passed.get_future().get();
  }

  // The other end.
  void say(std::string text) {
    boost::asio::post(executor_, [this, text = std::move(text)]() mutable {
      inbox_.push_back(std::move(text));
      wake_.cancel();
    });
  }
  void hang_up() {
    boost::asio::post(executor_, [this] {
      gone_ = true;
      wake_.cancel();
    });
  }
  /// The next message, or "close <code> <reason>"; "nothing" after ten seconds.
  std::string hear() {
    std::unique_lock lock(mutex_);
    if (!heard_.wait_for(lock, std::chrono::seconds(10), [this] { return !outbox_.empty(); })) {
      return "nothing";
    }
    std::string text = std::move(outbox_.front());
    outbox_.pop_front();
    return text;
  }
  std::size_t read_limit_now() {
    std::promise<std::size_t> limit;
    boost::asio::post(executor_, [this, &limit] { limit.set_value(read_limit_); });
    return limit.get_future().get();
  }

  // The server's end.
  Awaitable<std::optional<std::string_view>> read() override {
    for (;;) {
      if (gone_ || closing_) {
        closing_ = true;
        co_return std::nullopt;
      }
      if (!inbox_.empty()) {
        current_ = std::move(inbox_.front());
        inbox_.pop_front();
        co_return std::string_view(current_);
      }
      wake_.expires_at(boost::asio::steady_timer::time_point::max());
      co_await wake_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
  }
  void read_limit(std::size_t bytes) override { read_limit_ = bytes; }
  void idle_limit(std::chrono::milliseconds) override {}
  bool send(SharedBytes text, std::size_t skip) override {
    if (closing_) {
      return false;
    }
    tell(text->substr(skip));
    return true;
  }
  void close(std::uint16_t code, std::string_view reason) override {
    if (closing_) {
      return;
    }
    closing_ = true;
    tell("close " + std::to_string(code) + " " + std::string(reason));
    wake_.cancel();
  }
  bool closing() const override { return closing_; }
  boost::asio::any_io_executor executor() override { return executor_; }

 private:
  void tell(std::string text) {
    const std::lock_guard lock(mutex_);
    outbox_.push_back(std::move(text));
    heard_.notify_one();
  }

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer wake_;
  http::Upgrade serve_;
  std::future<void> done_;
  std::deque<std::string> inbox_;
  std::string current_;
  std::size_t read_limit_ = 0;
  bool gone_ = false;
  bool closing_ = false;

  std::mutex mutex_;
  std::condition_variable heard_;
  std::deque<std::string> outbox_;
};

}  // namespace ferry::testing
