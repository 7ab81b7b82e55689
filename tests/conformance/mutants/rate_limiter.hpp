#pragma once
#include "memory/rate_limiter.hpp"

namespace ferry::mutants {

/// MemoryRateLimiter with one bug.
class BrokenRateLimiter final : public RateLimiter {
 public:
  BrokenRateLimiter(Host& host, const config::View& options);
  static config::Schema schema();

  Awaitable<Result<void>> start() override;
  Awaitable<Result<void>> ping() override;
  Awaitable<void> stop() override;

  bool shared() const override { return false; }
  Awaitable<Result<Decision>> take(RatePolicy policy, std::string subject,
                                   std::uint32_t cost) override;

 private:
  Host& host_;
  memory::MemoryRateLimiter right_;
  std::string bug_;
};

}  // namespace ferry::mutants
