#pragma once
#include <ferry/plugin.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <exception>
#include <functional>
#include <string_view>

namespace ferry {

/// Starts a coroutine that nobody awaits. What escapes it is logged under `name` and counted in
/// ferry_unhandled_exceptions_total; asio::detached is banned because it calls terminate.
/// `name` must outlive the coroutine (a literal).
void spawn(std::string_view name, const boost::asio::any_io_executor& executor,
           Awaitable<void> coroutine);

/// Suspends for `duration` on the current executor; returns early when cancelled.
Awaitable<void> sleep_for(Millis duration);

/// Where escaped exceptions go: set once by the runtime; without it they are written to stderr.
/// Cancellation (operation_aborted) is no exception in this sense and is dropped.
using UnhandledHook = std::function<void(std::string_view name, std::string_view what)>;
void set_unhandled_hook(UnhandledHook hook);
void report_unhandled(std::string_view name, std::exception_ptr e) noexcept;

}  // namespace ferry
