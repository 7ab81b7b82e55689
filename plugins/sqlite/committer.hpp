#pragma once
// Group commit: changes that arrive while one transaction is being made durable go together into
// the next, so that one fsync serves many callers.
#include "records.hpp"

#include <ferry/plugin.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace ferry::sqlite {

/// One change on its way. run() and finish() are called on a pool thread.
class Change {
 public:
  virtual ~Change() = default;
  virtual void run(RecordWriter& records, std::int64_t now) = 0;  ///< keeps its answer; may throw
  virtual void fail(const Error& error) = 0;                      ///< replaces the answer
  virtual void finish() = 0;                                      ///< hands the answer over
};

class Committer : public std::enable_shared_from_this<Committer> {
 public:
  Committer(Host& host, std::unique_ptr<Database> db);

  /// Never blocks. finish() is called exactly once, also for a full queue.
  void submit(std::unique_ptr<Change> change);
  /// The error of the last commit that could not be made durable, until one succeeds.
  Result<void> health() const;
  /// Only when nothing is outstanding. Blocks.
  void close();

 private:
  void drain();
  void commit(std::vector<std::unique_ptr<Change>>& group);

  Host& host_;
  std::unique_ptr<Database> db_;
  RecordWriter records_;
  Histogram& seconds_;
  Counter& changes_;

  mutable std::mutex mutex_;  // of everything below
  std::vector<std::unique_ptr<Change>> waiting_;
  bool draining_ = false;
  Error failure_;
  bool failed_ = false;
};

}  // namespace ferry::sqlite
