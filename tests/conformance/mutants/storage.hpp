#pragma once
#include "memory/storage.hpp"

namespace ferry::mutants {

/// MemoryStorage with one bug.
class BrokenStorage final : public Storage {
 public:
  BrokenStorage(Host& host, const config::View& options);
  static config::Schema schema();

  Awaitable<Result<void>> start() override;
  Awaitable<Result<void>> ping() override;
  Awaitable<void> stop() override;

  StorageCaps caps() const override;
  Awaitable<Result<Record>> get(RecordKey key) override;
  Awaitable<Result<Committed>> apply(std::vector<Write> batch) override;
  Awaitable<Result<Page>> list(std::string space, std::string prefix, std::string cursor,
                               std::size_t limit) override;
  Awaitable<Result<std::vector<Claim>>> claim_due(std::string queue, std::size_t limit,
                                                  Millis lease) override;

 private:
  Write broken(const Write& write) const;
  Awaitable<Result<Committed>> check_then_act(std::vector<Write> batch);
  Awaitable<Result<Committed>> one_by_one(std::vector<Write> batch);

  memory::MemoryStorage right_;
  std::string bug_;
};

}  // namespace ferry::mutants
