#pragma once
// The record operations in SQL. Blocking; one instance per connection, used by one thread at a
// time; throws Failure. `now` is milliseconds of the system clock, the store's clock.
#include "database.hpp"

#include <ferry/storage.hpp>

namespace ferry::sqlite {

/// For one reading connection; every call is a snapshot of its own.
class RecordReader {
 public:
  explicit RecordReader(Database& db);
  Result<Record> get(const RecordKey& key, std::int64_t now);
  Page list(const std::string& space, const std::string& prefix, const std::string& cursor,
            std::size_t limit, std::int64_t now);
  void ping();

 private:
  Statement get_;
  Statement list_;
  Statement ping_;
};

/// For the writing connection; every call inside a transaction that the caller opened.
class RecordWriter {
 public:
  explicit RecordWriter(Database& db);
  void begin();   ///< starts a transaction
  void commit();  ///< durable when it returns, as far as `synchronous` says
  void roll_back() noexcept;

  /// What it changed is undone when it answers an error.
  Result<Committed> apply(const std::vector<Write>& batch, std::int64_t now);
  std::vector<Claim> claim_due(const std::string& queue, std::size_t limit, Millis lease,
                               std::int64_t now);
  void purge(std::int64_t now);  ///< a bounded number of expired records
  void checkpoint();             ///< moves the write-ahead log into the file

 private:
  struct Current;
  Result<Committed> apply_all(const std::vector<Write>& batch, std::int64_t now);
  Current read(const RecordKey& key, std::int64_t now);
  Result<std::int64_t> add(const Write& write, const Current& current);

  Database& db_;
  Statement begin_;
  Statement commit_;
  Statement savepoint_;
  Statement release_;
  Statement undo_;
  Statement read_version_;
  Statement save_version_;
  Statement read_;
  Statement put_;
  Statement erase_;
  Statement due_;
  Statement lease_;
  Statement purge_;
  std::int64_t version_ = 0;  // the newest, read at begin() and saved at commit()
};

/// Refuses a batch before it costs a transaction.
Result<void> check_batch(const std::vector<Write>& batch, const StorageCaps& caps);

}  // namespace ferry::sqlite
