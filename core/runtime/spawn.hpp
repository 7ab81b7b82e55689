#pragma once
#include <ferry/plugin.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <string_view>

namespace ferry {

/// Starts a coroutine that nobody awaits. What escapes it is logged under `name` and counted in
/// ferry_unhandled_exceptions_total; asio::detached is banned because it calls terminate.
/// `name` must outlive the coroutine (a literal).
void spawn(std::string_view name, const boost::asio::any_io_executor& executor,
           Awaitable<void> coroutine);

/// Suspends for `duration` on the current executor; returns early when cancelled.
Awaitable<void> sleep_for(Millis duration);

}  // namespace ferry
