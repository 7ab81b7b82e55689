#pragma once
// start, ping, drain and stop, the same for every kind. Included by guard_*.cpp only.
#include "plugin/guard_call.hpp"

namespace ferry {

/// Interface: Storage, RateLimiter, …
template <class Interface>
class GuardedPlugin : public Interface {
 public:
  GuardedPlugin(std::unique_ptr<Interface> inner, const std::string& plugin, Host& host)
      : guard_(kind_of<Interface>(), plugin, host), inner_(std::move(inner)) {}

  Awaitable<Result<void>> start() override {
    return guarded(guard_, "start", [this] { return inner_->start(); });
  }
  Awaitable<Result<void>> ping() override {
    return guarded(guard_, "ping", [this] { return inner_->ping(); });
  }
  Awaitable<void> drain(Deadline deadline) override {
    return guarded_void(guard_, "drain", [this, deadline] { return inner_->drain(deadline); });
  }
  Awaitable<void> stop() override {
    return guarded_void(guard_, "stop", [this] { return inner_->stop(); });
  }

 protected:
  Guarded guard_;
  std::unique_ptr<Interface> inner_;
};

}  // namespace ferry
