#pragma once
// A running server on one loop, with routes that the test adds before start().
#include "http/server.hpp"
#include "runtime/logging.hpp"
#include "runtime/loops.hpp"
#include "runtime/metrics.hpp"
#include "support/loopback.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

namespace ferry::test {

class HttpRig {
 public:
  explicit HttpRig(bool plain = true)
      : transport([this](std::size_t i) { return loops.executor(i); }, plain) {
    loops.start();
  }
  ~HttpRig() {
    if (server) {
      wait(server->stop());
    }
    loops.stop();
  }

  void start() {
    server = std::make_unique<http::Server>(loops, router, options, log->root(), metrics);
    server->add(transport);
    const auto started = wait(server->start());
    if (!started) {
      throw std::runtime_error(started.error().detail);
    }
    const auto endpoint = server->endpoints().at(0);
    port = static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.find(':') + 1)));
  }

  /// Runs a coroutine on the loop and waits for it.
  template <class T>
  T wait(Awaitable<T> coroutine) {
    auto future = asio::co_spawn(loops.executor(0), std::move(coroutine), asio::use_future);
    if (future.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
      throw std::runtime_error("a coroutine does not end");
    }
    return future.get();
  }

  Loops loops{1};
  Registry metrics;
  std::unique_ptr<Log> log = Log::capture();
  http::Router router;
  http::ServerOptions options;
  LoopbackTransport transport;
  std::unique_ptr<http::Server> server;
  std::uint16_t port = 0;
};

}  // namespace ferry::test
