#pragma once
#include <ferry/config.hpp>
#include <ferry/plugin.hpp>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace ferry {

struct DrainSettings {
  DrainSettings() = default;
  Millis delay{0};      ///< between "not ready" and closing the listeners, for load balancers
  Millis grace{15000};  ///< for what is under way

  static config::Schema schema();  ///< section `drain`
  static DrainSettings from(const config::View& section);
};

/// The way out of service: readiness false → delay → steps with a common deadline. A step that
/// outlasts the deadline is the step's own fault; steps get it to keep it.
class Drain {
 public:
  using Step = std::function<Awaitable<void>(Deadline deadline)>;

  Drain(DrainSettings settings, Logger& log) : settings_(settings), log_(log) {}

  /// Steps run in the order added: close listeners, tell sockets, wait, checkpoint.
  void add(std::string name, Step step) { steps_.push_back({std::move(name), std::move(step)}); }
  /// Called once by hurry(), on its thread: makes waiting steps return soon.
  void on_hurry(std::function<void()> f);

  /// True from the start of run(); for /readyz. Any thread.
  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  bool hurried() const noexcept { return hurried_.load(std::memory_order_relaxed); }

  Awaitable<void> run();  ///< once
  void hurry();           ///< cuts the delay and the grace short; any thread, idempotent

 private:
  struct Named {
    std::string name;
    Step step;
  };
  DrainSettings settings_;
  Logger& log_;
  std::vector<Named> steps_;
  std::mutex mutex_;
  std::vector<std::function<void()>> hurry_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> hurried_{false};
};

}  // namespace ferry
