#include "rate_limiter.hpp"

#include "bug.hpp"

namespace ferry::mutants {

BrokenRateLimiter::BrokenRateLimiter(Host& host, const config::View& options)
    : host_(host), right_(host, options), bug_(options.string("bug")) {}

config::Schema BrokenRateLimiter::schema() {
  return with_bug(memory::MemoryRateLimiter::schema());
}

Awaitable<Result<void>> BrokenRateLimiter::start() {
  return right_.start();
}

Awaitable<Result<void>> BrokenRateLimiter::ping() {
  return right_.ping();
}

Awaitable<void> BrokenRateLimiter::stop() {
  return right_.stop();
}

Awaitable<Result<Decision>> BrokenRateLimiter::take(RatePolicy policy, std::string subject,
                                                    std::uint32_t cost) {
  if (bug_ == "allows_one_more") {
    const auto burst = policy.burst++;
    auto d = co_await right_.take(policy, subject, cost);
    if (d) {  // the numbers it tells look right
      d->limit = burst;
      d->remaining = d->remaining > 0 ? d->remaining - 1 : 0;
    }
    co_return d;
  }
  if (bug_ == "counts_per_loop") {
    subject += std::to_string(host_.this_loop());
  }
  const auto d = co_await right_.take(policy, subject, cost);
  if (d && !d->allowed && bug_ == "charges_denials" && d->remaining > 0) {
    co_await right_.take(policy, subject, d->remaining);
  }
  co_return d;
}

}  // namespace ferry::mutants
