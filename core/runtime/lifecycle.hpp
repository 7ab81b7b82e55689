#pragma once
#include <ferry/plugin.hpp>

#include <functional>
#include <string>
#include <vector>

namespace ferry {

/// A part of the server that is started once and stopped once. Absent functions do nothing.
struct Component {
  explicit Component(std::string n) : name(std::move(n)) {}
  std::string name;  ///< "storage (sqlite)", for messages
  std::function<Awaitable<Result<void>>()> start;
  std::function<Awaitable<void>(Deadline deadline)> drain;
  /// Called whenever start was, even if it failed. What it throws is logged.
  std::function<Awaitable<void>()> stop;
};

/// Starts components in the order in which they were added and stops them in reverse. Used by one
/// coroutine at a time.
class Lifecycle {
 public:
  explicit Lifecycle(Logger& log) : log_(log) {}

  void add(Component component) { components_.push_back(std::move(component)); }
  /// Wraps start/drain/stop of a plugin instance, which must outlive this.
  void add(std::string name, Plugin& plugin);

  /// On a failure everything that was started is stopped in reverse, and the error's detail is
  /// "start of <name> failed: …".
  Awaitable<Result<void>> start();
  /// In reverse; each component gets the same deadline.
  Awaitable<void> drain(Deadline deadline);
  /// In reverse, what start() reached. Idempotent.
  Awaitable<void> stop();

 private:
  Logger& log_;
  std::vector<Component> components_;
  std::size_t reached_ = 0;  ///< components whose start was called and stop was not
};

}  // namespace ferry
