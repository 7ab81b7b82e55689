#pragma once
// What the decorators share. Included by guard_*.cpp only.
#include <ferry/plugin.hpp>

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>

namespace ferry {

/// Name and counters of one plugin instance.
class Guarded {
 public:
  Guarded(Kind kind, const std::string& plugin, Host& host);

  /// Called inside a catch block: says what was thrown, and counts it unless it is only asio's way
  /// to report that the awaiting coroutine was cancelled.
  Error caught(std::string_view op) noexcept;
  Kind kind() const noexcept { return kind_; }
  const std::string& plugin() const noexcept { return plugin_; }
  Metrics& metrics() noexcept { return metrics_; }

 private:
  Kind kind_;
  std::string plugin_;
  Logger& log_;
  Metrics& metrics_;
  Counter& exceptions_;
};

/// Counters and times of one operation of an instance.
class Metered {
 public:
  Metered(Guarded& owner, std::string op);

  std::string_view op() const noexcept { return op_; }
  Guarded& owner() noexcept { return owner_; }
  void done(const Error* error, std::chrono::steady_clock::time_point started);

 private:
  // Index 0 is success, then the codes; most never happen, so they are looked up when they do.
  static constexpr std::size_t kResults = static_cast<std::size_t>(Errc::internal) + 1;

  Guarded& owner_;
  std::string op_;
  Histogram& seconds_;
  std::array<std::atomic<Counter*>, kResults> results_{};
};

template <class T>
Error null_answer(const Result<T>&) {
  return {Errc::internal, "the plugin answered success without an object"};
}

template <class T>
bool is_null(const Result<T>& result) {
  if constexpr (requires(const T& value) { value.get() == nullptr; }) {
    return result.has_value() && result->get() == nullptr;
  } else {
    return false;
  }
}

/// Awaits `call()`, which gives an Awaitable<Result<T>>; never throws.
template <class Call>
auto guarded(Guarded& guard, std::string_view op, Call call) -> std::invoke_result_t<Call> {
  using R = typename std::invoke_result_t<Call>::value_type;
  R result{Error()};
  try {
    result = co_await call();
    if (is_null(result)) {
      result = null_answer(result);
    }
  } catch (...) {
    result = guard.caught(op);
  }
  co_return result;
}

/// The same, counted and timed.
template <class Call>
auto metered(Metered& meter, Call call) -> std::invoke_result_t<Call> {
  using R = typename std::invoke_result_t<Call>::value_type;
  const auto started = std::chrono::steady_clock::now();
  R result{Error()};
  try {
    result = co_await call();
    if (is_null(result)) {
      result = null_answer(result);
    }
  } catch (...) {
    result = meter.owner().caught(meter.op());
  }
  if (result.has_error()) {
    const Error error = result.error();
    meter.done(&error, started);
  } else {
    meter.done(nullptr, started);
  }
  co_return result;
}

/// Awaits `call()`, which gives an Awaitable<void>; never throws.
template <class Call>
Awaitable<void> guarded_void(Guarded& guard, std::string_view op, Call call) {
  try {
    co_await call();
  } catch (...) {
    guard.caught(op);
  }
}

/// A call that is no coroutine; `otherwise` turns the error into an answer.
template <class Call, class Otherwise>
auto guarded_now(Guarded& guard, std::string_view op, Call call, Otherwise otherwise)
    -> std::invoke_result_t<Call> {
  try {
    return call();
  } catch (...) {
    return otherwise(guard.caught(op));
  }
}

}  // namespace ferry
