#include "runtime/lifecycle.hpp"

namespace ferry {
namespace {

std::string describe(std::exception_ptr e) {
  try {
    std::rethrow_exception(std::move(e));
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

void Lifecycle::add(std::string name, Plugin& plugin) {
  Component c(std::move(name));
  c.start = [&plugin] { return plugin.start(); };
  c.drain = [&plugin](Deadline deadline) { return plugin.drain(deadline); };
  c.stop = [&plugin] { return plugin.stop(); };
  components_.push_back(std::move(c));
}

Awaitable<Result<void>> Lifecycle::start() {
  while (reached_ < components_.size()) {
    auto& component = components_[reached_++];
    if (!component.start) {
      continue;
    }
    Result<void> result;
    try {
      result = co_await component.start();
    } catch (...) {
      result = Error(Errc::internal, describe(std::current_exception()));
    }
    if (!result) {
      const Error cause = result.error();
      co_await stop();
      co_return Error(cause.code,
                      "start of " + component.name + " failed: " +
                          (cause.detail.empty() ? std::string(name_of(cause.code)) : cause.detail));
    }
    log_.debug("started", {{"component", component.name}});
  }
  co_return Result<void>();
}

Awaitable<void> Lifecycle::drain(Deadline deadline) {
  for (std::size_t i = reached_; i > 0; --i) {
    auto& component = components_[i - 1];
    if (!component.drain) {
      continue;
    }
    std::string failure;
    try {
      co_await component.drain(deadline);
    } catch (...) {
      failure = describe(std::current_exception());
    }
    if (!failure.empty()) {
      log_.error("drain failed", {{"component", component.name}, {"error", failure}});
    }
  }
}

Awaitable<void> Lifecycle::stop() {
  while (reached_ > 0) {
    auto& component = components_[--reached_];
    if (!component.stop) {
      continue;
    }
    std::string failure;
    try {
      co_await component.stop();
    } catch (...) {
      failure = describe(std::current_exception());
    }
    if (failure.empty()) {
      log_.debug("stopped", {{"component", component.name}});
    } else {
      log_.error("stop failed", {{"component", component.name}, {"error", failure}});
    }
  }
}

}  // namespace ferry
