#include "committer.hpp"

#include "clock.hpp"

#include <algorithm>
#include <iterator>
#include <sqlite3.h>

namespace ferry::sqlite {
namespace {

constexpr std::size_t kMaxWaiting = 8192;
constexpr std::size_t kMaxGroup = 256;

}  // namespace

Committer::Committer(Host& host, std::unique_ptr<Database> db)
    : host_(host),
      db_(std::move(db)),
      records_(*db_),
      seconds_(host.metrics().histogram("ferry_sqlite_commit_seconds",
                                        "Time of one group commit, fsync included.")),
      changes_(host.metrics().counter("ferry_sqlite_changes_total",
                                      "Changes that went into group commits.")) {}

void Committer::submit(std::unique_ptr<Change> change) {
  bool start = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kMaxWaiting) {
      waiting_.push_back(std::move(change));
      start = !draining_;
      draining_ = true;
    }
  }
  if (change) {
    change->fail(Error(Errc::overloaded, "too many changes wait for the database"));
    change->finish();
    return;
  }
  if (start && !host_.blocking().submit([self = shared_from_this()] { self->drain(); })) {
    std::vector<std::unique_ptr<Change>> refused;
    {
      const std::lock_guard lock(mutex_);
      refused.swap(waiting_);
      draining_ = false;
    }
    for (const auto& c : refused) {
      c->fail(Error(Errc::overloaded, "the blocking pool's queue is full"));
      c->finish();
    }
  }
}

void Committer::drain() {
  for (;;) {
    std::vector<std::unique_ptr<Change>> group;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        draining_ = false;
        return;
      }
      const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kMaxGroup));
      group.assign(std::make_move_iterator(waiting_.begin()),
                   std::make_move_iterator(waiting_.begin() + count));
      waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    }
    commit(group);
    for (const auto& change : group) {
      change->finish();
    }
  }
}

void Committer::commit(std::vector<std::unique_ptr<Change>>& group) {
  const auto started = std::chrono::steady_clock::now();
  Error error;
  bool committing = false;
  try {
    records_.begin();
    const std::int64_t now = now_ms();
    for (const auto& change : group) {
      change->run(records_, now);
    }
    records_.purge(now);
    committing = true;
    records_.commit();
    changes_.add(group.size());
    seconds_.observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
    const std::lock_guard lock(mutex_);
    failed_ = false;
    return;
  } catch (const Failure& failure) {
    error = failure.error();
    if (committing && (failure.code() & 0xff) == SQLITE_IOERR) {
      error.code = Errc::timeout;  // recovery after a crash may still find the commit record
    }
  } catch (const std::exception& e) {
    error = Error(Errc::internal, e.what());
  }
  records_.roll_back();
  if (error.code == Errc::quota_exceeded && group.size() > 1) {
    for (auto& change : group) {  // what still fits, and what makes room, must not fail with it
      std::vector<std::unique_ptr<Change>> alone;
      alone.push_back(std::move(change));
      commit(alone);
      change = std::move(alone.front());
    }
    return;
  }
  host_.log().error("a database transaction failed",
                    {{"error", error.detail}, {"changes", group.size()}});
  for (const auto& change : group) {
    change->fail(error);
  }
  if (error.code == Errc::quota_exceeded) {
    return;  // reads and erasures still work: the node is full, not broken
  }
  const std::lock_guard lock(mutex_);
  failure_ = error;
  failed_ = true;
}

Result<void> Committer::health() const {
  const std::lock_guard lock(mutex_);
  if (failed_) {
    return Error(Errc::unavailable, "the last transaction failed: " + failure_.detail);
  }
  return {};
}

void Committer::close() {
  try {
    records_.checkpoint();
  } catch (const Failure& failure) {
    host_.log().warn("the write-ahead log stays for the next start",
                     {{"error", failure.error().detail}});
  }
}

}  // namespace ferry::sqlite
