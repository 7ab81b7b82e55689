#include "rate_limiter.hpp"
#include "signaling.hpp"
#include "storage.hpp"

FERRY_PLUGIN("memory", "1.0.0", "Storage, rate limiter and signaling inside one process.",
             ferry::provide<ferry::memory::MemoryStorage>(),
             ferry::provide<ferry::memory::MemoryRateLimiter>(),
             ferry::provide<ferry::memory::MemorySignaling>())
