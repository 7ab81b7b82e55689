#pragma once
// A few reading connections shared by the threads of the blocking pool.
#include "records.hpp"
#include "schema.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace ferry::sqlite {

class Readers {
 public:
  explicit Readers(FileOptions options) : options_(std::move(options)) {}

  /// Calls `f(RecordReader&)` with a connection of its own; blocks while all are busy. A Failure
  /// becomes an Error.
  template <class F>
  auto with(F f) -> std::invoke_result_t<F, RecordReader&> {
    auto taken = take();
    if (!taken) {
      return taken.error();
    }
    const Lease lease(*this, std::move(*taken));
    try {
      return f(lease.connection->records);
    } catch (const Failure& failure) {
      return failure.error();
    }
  }

  void close();  ///< when nothing is outstanding

 private:
  struct Connection {
    explicit Connection(std::unique_ptr<Database> d) : db(std::move(d)), records(*db) {}
    std::unique_ptr<Database> db;
    RecordReader records;
  };
  struct Lease {
    Lease(Readers& r, std::unique_ptr<Connection> c) : readers(r), connection(std::move(c)) {}
    ~Lease() { readers.give_back(std::move(connection)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Readers& readers;
    mutable std::unique_ptr<Connection> connection;
  };

  Result<std::unique_ptr<Connection>> take();
  void give_back(std::unique_ptr<Connection> connection);

  const FileOptions options_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;
};

}  // namespace ferry::sqlite
