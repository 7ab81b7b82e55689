#pragma once
// The records of MemoryStorage without locks, coroutines or a clock: `now` comes from the caller.
#include <ferry/storage.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ferry::memory {

class Records {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Limits {
    std::size_t records = 1'000'000;
    std::uint64_t bytes = 256 << 20;  ///< keys and values together
  };

  Records(StorageCaps caps, Limits limits) : caps_(caps), limits_(limits) {}

  Result<Record> get(const RecordKey& key, Time now) const;
  Result<Committed> apply(std::vector<Write> batch, Time now);
  Result<Page> list(const std::string& space, const std::string& prefix, const std::string& cursor,
                    std::size_t limit, Time now) const;
  std::vector<Claim> claim_due(const std::string& queue, std::size_t limit, Millis lease, Time now);
  std::size_t size() const noexcept { return records_.size(); }

 private:
  using Id = std::pair<std::string, std::string>;  // space, key
  struct Entry {
    Bytes value;
    Version version = 0;
    std::optional<Time> expires;
    std::optional<Time> due;  // on `queue` when present
    std::string queue;
    std::uint32_t attempt = 0;
  };
  using Map = std::map<Id, Entry>;
  using Schedule = std::set<std::pair<Time, const Id*>>;  // ids are stable: map nodes do not move

  Result<void> check(const std::vector<Write>& batch, Time now,
                     std::vector<std::int64_t>& counters) const;
  void store(Write& write, std::int64_t counter, Time now);
  void index(const Map::value_type& record);
  void unindex(const Map::value_type& record);
  void drop(Map::iterator record);
  void purge(Time now);

  StorageCaps caps_;
  Limits limits_;
  Map records_;
  std::map<std::string, Schedule, std::less<>> queues_;
  Schedule expiring_;  // records that vanish by themselves: expiry and no queue
  std::uint64_t bytes_ = 0;
  Version sequence_ = 0;
};

}  // namespace ferry::memory
