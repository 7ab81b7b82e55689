#pragma once
#include <ferry/error.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

namespace ferry {

template <class T>
using Awaitable = boost::asio::awaitable<T>;

/// Threads for calls that block (files, SQLite, libpqxx). Lent by the host; safe from any thread.
class FERRY_API BlockingPool {
 public:
  virtual ~BlockingPool();

  /// Queues `job`; false when the bounded queue is full or the pool is stopping. Never blocks.
  /// `job` must not throw.
  virtual bool submit(std::function<void()> job) = 0;

  /// Runs `f` on a pool thread and resumes the caller on its own executor. `f` returns Result<T>
  /// with T default-constructible or void; what it throws becomes Errc::internal. A full queue is
  /// Errc::overloaded. Cancellation: a queued or running `f` is not interrupted; the awaiting
  /// coroutine resumes when it is done, so `f` may refer to the coroutine's locals.
  template <class F>
  auto run(F f) -> Awaitable<std::invoke_result_t<F>> {
    using R = std::invoke_result_t<F>;
    auto initiate = [this](auto handler, F fn) {
      using Handler = decltype(handler);
      auto executor = boost::asio::prefer(boost::asio::get_associated_executor(handler),
                                          boost::asio::execution::outstanding_work.tracked);
      auto shared = std::make_shared<Handler>(std::move(handler));
      auto job = std::make_shared<F>(std::move(fn));
      const bool queued = submit([shared, executor, job] {
        auto result = std::make_shared<std::optional<R>>();
        try {
          result->emplace((*job)());
        } catch (const std::exception& e) {
          result->emplace(Error(Errc::internal, e.what()));
        } catch (...) {
          result->emplace(Error(Errc::internal, "unknown exception"));
        }
        boost::asio::post(executor, [shared, result] { std::move (*shared)(std::move(**result)); });
      });
      if (!queued) {
        boost::asio::post(executor, [shared] {
          std::move (*shared)(R(Error(Errc::overloaded, "the blocking pool's queue is full")));
        });
      }
    };
    auto token = boost::asio::use_awaitable;
    co_return co_await boost::asio::async_initiate<decltype(token), void(R)>(std::move(initiate),
                                                                             token, std::move(f));
  }
};

}  // namespace ferry
