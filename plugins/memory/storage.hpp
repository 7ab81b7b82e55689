#pragma once
#include "records.hpp"

#include <ferry/storage.hpp>

#include <mutex>

namespace ferry::memory {

/// Records of this process; gone when it ends.
class MemoryStorage final : public Storage {
 public:
  MemoryStorage(Host& host, const config::View& options);
  static config::Schema schema();

  Awaitable<Result<void>> start() override;
  Awaitable<Result<void>> ping() override;
  Awaitable<void> stop() override;

  StorageCaps caps() const override { return {}; }
  Awaitable<Result<Record>> get(RecordKey key) override;
  Awaitable<Result<Committed>> apply(std::vector<Write> batch) override;
  Awaitable<Result<Page>> list(std::string space, std::string prefix, std::string cursor,
                               std::size_t limit) override;
  Awaitable<Result<std::vector<Claim>>> claim_due(std::string queue, std::size_t limit,
                                                  Millis lease) override;

 private:
  std::mutex mutex_;  // these coroutines never suspend while they hold it
  Records records_;
};

}  // namespace ferry::memory
