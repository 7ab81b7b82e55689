#pragma once
#include "gcra.hpp"

#include <ferry/rate_limiter.hpp>

#include <array>
#include <mutex>
#include <string>
#include <unordered_map>

namespace ferry::memory {

/// GCRA counters of this process.
class MemoryRateLimiter final : public RateLimiter {
 public:
  MemoryRateLimiter(Host& host, const config::View& options);
  static config::Schema schema();

  Awaitable<Result<void>> start() override;
  Awaitable<Result<void>> ping() override;
  Awaitable<void> stop() override;

  bool shared() const override { return false; }
  Awaitable<Result<Decision>> take(RatePolicy policy, std::string subject,
                                   std::uint32_t cost) override;

 private:
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Nanos> tats;  // subject and policy -> TAT
    std::size_t hand = 0;                         // next bucket to look at
  };

  Result<Decision> take_now(const RatePolicy& policy, std::string subject, std::uint32_t cost);
  void make_room(Shard& shard, Nanos now) const;

  static constexpr std::size_t kShards = 64;
  std::array<Shard, kShards> shards_;
  std::size_t max_per_shard_;
};

}  // namespace ferry::memory
