#pragma once
// The generic cell rate algorithm in its virtual scheduling form (ITU-T I.371): the whole state of
// a subject is its theoretical arrival time (TAT).
#include <ferry/rate_limiter.hpp>

#include <cstdint>

namespace ferry::memory {

using Nanos = std::int64_t;  ///< on a steady clock

/// A policy turned into nanoseconds.
struct Gcra {
  Nanos interval;   ///< between two units
  Nanos tolerance;  ///< burst * interval
  std::uint32_t burst;
};

/// invalid_argument for zeros, and for a policy whose burst takes longer than 100 years to refill.
Result<Gcra> gcra_of(const RatePolicy& policy);

/// Tests and takes 1 <= cost <= burst units; changes `tat` only when allowed.
Decision take(const Gcra& gcra, Nanos& tat, Nanos now, std::uint32_t cost);

}  // namespace ferry::memory
