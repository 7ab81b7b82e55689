#include "blob_store.hpp"
#include "rate_limiter.hpp"
#include "signaling.hpp"
#include "storage.hpp"
#include "transport.hpp"

FERRY_PLUGIN("mutants", "1.0.0", "Plugins with one bug each, for the test of the conformance kit.",
             ferry::provide<ferry::mutants::BrokenStorage>(),
             ferry::provide<ferry::mutants::BrokenRateLimiter>(),
             ferry::provide<ferry::mutants::BrokenBlobStore>(),
             ferry::provide<ferry::mutants::BrokenSignaling>(),
             ferry::provide<ferry::mutants::BrokenTransport>())
