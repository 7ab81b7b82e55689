#include "runtime/spawn.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <mutex>

namespace ferry {
namespace asio = boost::asio;
namespace {

struct Hook {
  std::mutex mutex;
  UnhandledHook call;
};

Hook& hook() {
  static auto* instance = new Hook;  // outlives every thread
  return *instance;
}

void report(std::string_view name, std::string_view what) {
  UnhandledHook call;
  {
    const std::lock_guard lock(hook().mutex);
    call = hook().call;
  }
  if (call) {
    call(name, what);
  } else {
    std::fprintf(stderr, "unhandled exception in %.*s: %.*s\n", static_cast<int>(name.size()),
                 name.data(), static_cast<int>(what.size()), what.data());
  }
}

}  // namespace

void set_unhandled_hook(UnhandledHook call) {
  const std::lock_guard lock(hook().mutex);
  hook().call = std::move(call);
}

void report_unhandled(std::string_view name, std::exception_ptr e) noexcept {
  try {
    try {
      std::rethrow_exception(std::move(e));
    } catch (const boost::system::system_error& error) {
      if (error.code() != asio::error::operation_aborted) {
        report(name, error.what());
      }
    } catch (const std::exception& error) {
      report(name, error.what());
    } catch (...) {
      report(name, "unknown exception");
    }
  } catch (...) {
    std::fputs("an exception could not be reported\n", stderr);
  }
}

void spawn(std::string_view name, const asio::any_io_executor& executor,
           Awaitable<void> coroutine) {
  asio::co_spawn(executor, std::move(coroutine), [name](std::exception_ptr e) {
    if (e) {
      report_unhandled(name, std::move(e));
    }
  });
}

Awaitable<void> sleep_for(Millis duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace ferry
