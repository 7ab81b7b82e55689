#include "plugin/guard.hpp"
#include "plugin/guard_lifecycle.hpp"

namespace ferry {
namespace {

class GuardedSignaling final : public GuardedPlugin<Signaling> {
 public:
  using GuardedPlugin::GuardedPlugin;

  SignalingCaps caps() const override { return inner_->caps(); }
  Awaitable<Result<void>> subscribe(std::string channel,
                                    std::weak_ptr<SignalingEvents> events) override {
    return metered(subscribe_,
                   [this, channel = std::move(channel), events = std::move(events)]() mutable {
                     return inner_->subscribe(std::move(channel), std::move(events));
                   });
  }
  Awaitable<void> unsubscribe(std::string channel, std::weak_ptr<SignalingEvents> events) override {
    return guarded_void(guard_, "unsubscribe",
                        [this, channel = std::move(channel), events = std::move(events)]() mutable {
                          return inner_->unsubscribe(std::move(channel), std::move(events));
                        });
  }
  Result<void> publish(std::string_view channel, SharedBytes payload) override {
    return guarded_now(
        guard_, "publish", [&] { return inner_->publish(channel, std::move(payload)); },
        [](Error error) { return Result<void>(std::move(error)); });
  }

 private:
  Metered subscribe_{guard_, "subscribe"};
};

}  // namespace

std::unique_ptr<Signaling> guard(std::unique_ptr<Signaling> inner, const std::string& plugin,
                                 Host& host) {
  return std::make_unique<GuardedSignaling>(std::move(inner), plugin, host);
}

}  // namespace ferry
