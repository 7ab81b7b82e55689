// A plugin with nothing wrong with it: it lets everything through.
#include <ferry/rate_limiter.hpp>

namespace {

using namespace ferry;

class Lenient final : public RateLimiter {
 public:
  Lenient(Host& host, const config::View& options)
      : host_(host), remaining_(static_cast<std::uint32_t>(options.integer("remaining"))) {}

  static config::Schema schema() {
    config::Schema s;
    s.fields.push_back(config::Field("remaining", config::Type::integer, "What is said to remain.")
                           .default_("5")
                           .range_(0, 100));
    return s;
  }
  static void validate(const config::View& options, std::vector<config::Problem>& out) {
    if (options.integer("remaining") == 13) {
      out.emplace_back(options.mark("remaining"), "remaining", "13 brings bad luck");
    }
  }

  Awaitable<Result<void>> start() override {
    host_.log().info("started");
    co_return Result<void>();
  }
  Awaitable<Result<void>> ping() override { co_return Result<void>(); }
  Awaitable<void> stop() override { co_return; }
  bool shared() const override { return false; }
  Awaitable<Result<Decision>> take(RatePolicy policy, std::string, std::uint32_t) override {
    Decision decision;
    decision.limit = policy.burst;
    decision.remaining = remaining_;
    co_return decision;
  }

 private:
  Host& host_;
  std::uint32_t remaining_;
};

}  // namespace

FERRY_PLUGIN("good", "1.2.3", "Lets everything through.", ferry::provide<Lenient>())
