#include "rate_limiter.hpp"

#include <chrono>
#include <functional>

namespace ferry::memory {
namespace {

Nanos steady_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

MemoryRateLimiter::MemoryRateLimiter(Host&, const config::View& options)
    : max_per_shard_(static_cast<std::size_t>(options.integer("max_subjects")) / kShards + 1) {}

config::Schema MemoryRateLimiter::schema() {
  config::Schema s;
  s.summary = "Counters in this process: every node counts for itself.";
  s.fields.push_back(config::Field("max_subjects", config::Type::integer,
                                   "Clients remembered at most; beyond it those closest to a full "
                                   "allowance are forgotten.")
                         .default_("500000")
                         .range_(64, 1e8));
  return s;
}

Awaitable<Result<void>> MemoryRateLimiter::start() {
  co_return Result<void>();
}

Awaitable<Result<void>> MemoryRateLimiter::ping() {
  co_return Result<void>();
}

Awaitable<void> MemoryRateLimiter::stop() {
  co_return;
}

Awaitable<Result<Decision>> MemoryRateLimiter::take(RatePolicy policy, std::string subject,
                                                    std::uint32_t cost) {
  co_return take_now(policy, std::move(subject), cost);
}

Result<Decision> MemoryRateLimiter::take_now(const RatePolicy& policy, std::string subject,
                                             std::uint32_t cost) {
  const auto gcra = gcra_of(policy);
  if (!gcra) {
    return gcra.error();
  }
  if (cost == 0 || cost > policy.burst) {
    return Error(Errc::invalid_argument, "cost " + std::to_string(cost) + " of policy " +
                                             policy.name + ", whose burst is " +
                                             std::to_string(policy.burst));
  }
  subject.push_back('\0');
  subject += policy.name;
  const std::size_t hash = std::hash<std::string>()(subject);
  Shard& shard = shards_[(hash >> 17) % kShards];  // not the bits that choose the bucket
  const Nanos now = steady_now();
  const std::lock_guard lock(shard.mutex);
  auto it = shard.tats.find(subject);
  if (it == shard.tats.end()) {
    make_room(shard, now);
    it = shard.tats.emplace(std::move(subject), now).first;
  }
  return memory::take(*gcra, it->second, now, cost);
}

/// A settled entry (TAT in the past) is worth as much as none. Each insertion looks at a few
/// buckets and drops the settled ones; a full shard drops what is nearest to being settled.
void MemoryRateLimiter::make_room(Shard& shard, Nanos now) const {
  auto& tats = shard.tats;
  const bool full = tats.size() >= max_per_shard_;
  const std::size_t looks = full ? 32 : 2;
  const std::string* victim = nullptr;
  Nanos earliest = 0;
  std::size_t seen = 0;
  for (std::size_t step = 0; step < tats.bucket_count() && seen < looks; ++step) {
    const std::size_t bucket = shard.hand++ % tats.bucket_count();
    if (!full && step >= looks) {
      return;
    }
    for (auto it = tats.begin(bucket); it != tats.end(bucket); ++it) {
      ++seen;
      if (!victim || it->second < earliest) {
        victim = &it->first;
        earliest = it->second;
      }
    }
    if (victim && earliest <= now) {
      break;
    }
  }
  if (victim && (full || earliest <= now)) {
    tats.erase(tats.find(*victim));
  }
}

}  // namespace ferry::memory
