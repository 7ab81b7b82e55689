#pragma once
// A request's body under the control of a test.
#include "shares/intake.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace ferry::test {

/// push(), end() and fail() from any thread; the source waits until one of them says something.
class Feed : public std::enable_shared_from_this<Feed> {
 public:
  explicit Feed(boost::asio::any_io_executor executor) : executor_(executor), wake_(executor) {}

  void push(std::string bytes) {
    post([bytes = std::move(bytes)](Feed& f) { f.pieces_.push_back(bytes); });
  }
  void end() {
    post([](Feed& f) { f.ended_ = true; });
  }
  void fail(Errc code) {
    post([code](Feed& f) { f.error_ = Error(code); });
  }

  shares::Source source() {
    return [self = shared_from_this()] { return self->read(); };
  }

 private:
  template <class F>
  void post(F change) {
    boost::asio::post(executor_, [self = shared_from_this(), change] {
      change(*self);
      self->wake_.cancel();
    });
  }

  Awaitable<Result<ByteView>> read() {
    while (pieces_.empty() && !ended_ && !error_) {
      wake_.expires_at(Deadline::max());
      boost::system::error_code error;
      co_await wake_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
    }
    if (!pieces_.empty()) {
      current_ = std::move(pieces_.front());
      pieces_.pop_front();
      co_return as_bytes(current_);
    }
    if (error_) {
      co_return *error_;
    }
    co_return ByteView();
  }

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer wake_;
  std::deque<std::string> pieces_;
  std::string current_;
  bool ended_ = false;
  std::optional<Error> error_;
};

/// A body that is there at once.
inline shares::Source source_of(std::string text) {
  auto rest = std::make_shared<std::optional<std::string>>(std::move(text));
  auto current = std::make_shared<std::string>();
  return [rest, current]() -> Awaitable<Result<ByteView>> {
    *current = std::exchange(*rest, std::nullopt).value_or("");
    co_return as_bytes(*current);
  };
}

}  // namespace ferry::test
