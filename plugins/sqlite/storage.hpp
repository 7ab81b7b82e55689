#pragma once
#include "committer.hpp"
#include "readers.hpp"
#include "schema.hpp"

#include <ferry/storage.hpp>

#include <memory>

namespace ferry::sqlite {

/// Records in one SQLite file.
class SqliteStorage final : public Storage {
 public:
  SqliteStorage(Host& host, const config::View& options);
  static config::Schema schema();
  static void validate(const config::View& options, std::vector<config::Problem>& out);

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
  Host& host_;
  FileOptions file_;
  std::shared_ptr<Committer> committer_;
  std::unique_ptr<Readers> readers_;
};

}  // namespace ferry::sqlite
