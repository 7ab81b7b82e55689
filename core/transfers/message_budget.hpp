#pragma once
#include <chrono>
#include <cstdint>

namespace ferry::transfers {

/// Token bucket of one connection, kept as one time: GCRA in virtual scheduling form (ITU-T I.371).
class MessageBudget {
 public:
  using Clock = std::chrono::steady_clock;

  /// `rate` per second on average (> 0), `burst` at once (>= 1).
  MessageBudget(std::uint32_t rate, std::uint32_t burst) noexcept
      : interval_(Clock::duration(std::chrono::seconds(1)) / rate),
        tolerance_(interval_ * (burst - 1)) {}

  /// False: one message too many; nothing is taken.
  bool take(Clock::time_point now) noexcept {
    const auto due = due_ > now ? due_ : now;
    if (due - now > tolerance_) {
      return false;
    }
    due_ = due + interval_;
    return true;
  }

 private:
  Clock::duration interval_;
  Clock::duration tolerance_;
  Clock::time_point due_{};
};

}  // namespace ferry::transfers
