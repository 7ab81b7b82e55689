#pragma once
#include <ferry/plugin.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace ferry::net {

/// The one timer of a connection. Moving the expiry to a later time, and disarming, cost nothing:
/// the timer that is already set looks again when it fires. Used on one loop.
class Expiry {
 public:
  using Clock = std::chrono::steady_clock;

  /// `on_expire` runs on the executor, once per arming, and never after destruction.
  Expiry(const boost::asio::any_io_executor& executor, std::function<void()> on_expire);
  Expiry(const Expiry&) = delete;
  Expiry& operator=(const Expiry&) = delete;
  ~Expiry();

  void after(Millis duration) { at(Clock::now() + duration); }
  void at(Clock::time_point when);
  void disarm();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// A client must bring at least `rate` bytes per second over each `window` of time that the server
/// spends waiting for it; time in which nobody reads does not count. Pure.
class MinimumRate {
 public:
  /// `rate` 0: only the window counts, as longest wait for anything at all.
  MinimumRate(std::uint64_t rate, Millis window) : rate_(rate), window_(window) {}

  /// How long the next read may wait.
  Millis allowance() const noexcept { return window_ - waited_; }
  void received(std::uint64_t bytes, Millis waited) noexcept {
    bytes_ += bytes;
    waited_ = std::min(waited_ + waited, window_);
    const auto needed = rate_ * static_cast<std::uint64_t>(window_.count()) / 1000;
    if (bytes_ >= std::max<std::uint64_t>(needed, 1)) {
      bytes_ = 0;
      waited_ = Millis(0);
    }
  }

 private:
  std::uint64_t rate_;
  Millis window_;
  Millis waited_{0};
  std::uint64_t bytes_ = 0;
};

}  // namespace ferry::net
