#include "gcra.hpp"

#include <algorithm>

namespace ferry::memory {

Result<Gcra> gcra_of(const RatePolicy& policy) {
  constexpr Nanos kLongest = 100LL * 365 * 24 * 3600 * 1'000'000'000;
  if (policy.limit == 0 || policy.per.count() <= 0 || policy.burst == 0) {
    return Error(Errc::invalid_argument, "policy " + policy.name + " has a zero");
  }
  Nanos per = 0;
  Gcra gcra{0, 0, policy.burst};
  if (__builtin_mul_overflow(Nanos{policy.per.count()}, Nanos{1'000'000}, &per) || per > kLongest) {
    return Error(Errc::invalid_argument, "policy " + policy.name + " has too long a period");
  }
  gcra.interval = (per + policy.limit - 1) / policy.limit;  // rounded up: never above the limit
  if (__builtin_mul_overflow(gcra.interval, Nanos{policy.burst}, &gcra.tolerance) ||
      gcra.tolerance > kLongest) {
    return Error(Errc::invalid_argument, "policy " + policy.name + " has too large a burst");
  }
  return gcra;
}

Decision take(const Gcra& gcra, Nanos& tat, Nanos now, std::uint32_t cost) {
  const Nanos start = std::max(tat, now);
  const Nanos end = start + gcra.interval * cost;
  const Nanos wait = end - gcra.tolerance - now;
  Decision d;
  d.limit = gcra.burst;
  d.allowed = wait <= 0;
  if (d.allowed) {
    tat = end;
  } else {
    d.retry_after = Millis((wait + 999'999) / 1'000'000);
  }
  const Nanos backlog = std::max(tat, now) - now;
  d.remaining = static_cast<std::uint32_t>((gcra.tolerance - backlog) / gcra.interval);
  return d;
}

}  // namespace ferry::memory
