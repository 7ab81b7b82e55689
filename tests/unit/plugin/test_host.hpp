#pragma once
// A host for plugins under test: one loop that runs when asked, a log that is kept.
#include "runtime/metrics.hpp"

#include <ferry/plugin.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <stdexcept>

namespace ferry::test {

class KeptLog final : public Logger {
 public:
  bool enabled(LogLevel) const noexcept override { return true; }
  void write(LogLevel, std::string_view message, std::span<const LogField> fields) override {
    std::string line(message);
    for (const LogField& field : fields) {
      line += " " + std::string(field.key) + "=" + field.value;
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

class TestHost final : public Host {
 public:
  Logger& log() override { return kept; }
  Metrics& metrics() override { return registry; }
  std::size_t loops() const override { return 1; }
  boost::asio::any_io_executor loop(std::size_t) override { return context.get_executor(); }
  std::size_t this_loop() const override { return 0; }
  BlockingPool& blocking() override { throw std::logic_error("no pool in this test"); }
  const std::string& node_id() const override { return node; }

  /// Runs the loop until the coroutine is done; what it throws is thrown here.
  template <class T>
  T run(Awaitable<T> work) {
    std::optional<T> out;
    std::exception_ptr thrown;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr e, T value) {
      thrown = e;
      out.emplace(std::move(value));
    });
    context.restart();
    context.run();
    if (thrown) {
      std::rethrow_exception(thrown);
    }
    return std::move(out.value());
  }
  void run(Awaitable<void> work) {
    std::exception_ptr thrown;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr e) { thrown = e; });
    context.restart();
    context.run();
    if (thrown) {
      std::rethrow_exception(thrown);
    }
  }

  boost::asio::io_context context;
  KeptLog kept;
  Registry registry;
  std::string node = "node-1";
};

}  // namespace ferry::test
