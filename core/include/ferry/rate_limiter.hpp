#pragma once
#include <ferry/plugin.hpp>

namespace ferry {

/// GCRA parameters: `limit` units per `per` on average, `burst` at once. They come from the core's
/// configuration; a plugin only keeps state.
struct RatePolicy {
  RatePolicy(std::string n, std::uint32_t l, Millis p, std::uint32_t b)
      : name(std::move(n)), limit(l), per(p), burst(b) {}
  std::string name;     ///< "transfer_create"; part of the state's key
  std::uint32_t limit;  ///< > 0
  Millis per;           ///< > 0
  std::uint32_t burst;  ///< >= 1
};

struct Decision {
  Decision() = default;
  bool allowed = true;
  std::uint32_t limit = 0;      ///< the policy's burst
  std::uint32_t remaining = 0;  ///< units that could be taken right now
  Millis retry_after{0};        ///< when `cost` would be allowed; 0 if it was
};

/// Reference: GCRA as in ITU-T I.371 / ATM Forum TM 4.1, virtual scheduling form.
class FERRY_API RateLimiter : public Plugin {
 public:
  virtual bool shared() const = 0;  ///< counts for all nodes together

  /// Atomically tests and takes `cost` (>= 1) units for `subject` (already hashed by the core).
  /// A denied call takes nothing. cost > burst is invalid_argument. Any loop, concurrently.
  /// An error is not a denial: the core decides what to do then.
  virtual Awaitable<Result<Decision>> take(RatePolicy policy, std::string subject,
                                           std::uint32_t cost) = 0;
};

}  // namespace ferry
