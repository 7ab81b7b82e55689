#include "plugin/guard.hpp"
#include "plugin/guard_lifecycle.hpp"

namespace ferry {
namespace {

class GuardedRateLimiter final : public GuardedPlugin<RateLimiter> {
 public:
  using GuardedPlugin::GuardedPlugin;

  bool shared() const override { return inner_->shared(); }
  Awaitable<Result<Decision>> take(RatePolicy policy, std::string subject,
                                   std::uint32_t cost) override {
    return metered(
        take_, [this, policy = std::move(policy), subject = std::move(subject), cost]() mutable {
          return inner_->take(std::move(policy), std::move(subject), cost);
        });
  }

 private:
  Metered take_{guard_, "take"};
};

}  // namespace

std::unique_ptr<RateLimiter> guard(std::unique_ptr<RateLimiter> inner, const std::string& plugin,
                                   Host& host) {
  return std::make_unique<GuardedRateLimiter>(std::move(inner), plugin, host);
}

}  // namespace ferry
