#pragma once
#include <ferry/plugin.hpp>

#include <optional>

namespace ferry {

/// 0 means "absent". A later write of the same key always has a greater version, also after erase.
using Version = std::uint64_t;

struct RecordKey {
  RecordKey(std::string s, std::string k) : space(std::move(s)), key(std::move(k)) {}
  std::string space;  ///< [a-z_]{1,32}, e.g. "transfer"
  std::string key;    ///< 1..200 bytes of [A-Za-z0-9_./:-]
};

struct Record {
  Record() = default;
  std::string key;
  Bytes value;
  Version version = 0;
  std::optional<Millis> expires_in;  ///< remaining life by the store's clock
};

/// One operation of an atomic batch, made by the named constructors.
class FERRY_API Write {
 public:
  static Write put(RecordKey key, Bytes value);
  static Write erase(RecordKey key);
  /// Changes nothing; makes the batch depend on the key's version (0 = must be absent).
  static Write check(RecordKey key, Version expected);
  /// Adds to a counter (absent counts as 0); the batch fails with precondition_failed if the
  /// result would leave [min, max]. A counter's record reads as its decimal text.
  static Write add(RecordKey key, std::int64_t delta, std::int64_t min, std::int64_t max);

  Write&& if_version(Version v) && {
    expected_ = v;
    return std::move(*this);
  }
  Write&& if_absent() && {
    expected_ = 0;
    return std::move(*this);
  }
  /// After this time get() and list() no longer show the record. Absent: lives until erased.
  Write&& expire_in(Millis ttl) && {
    ttl_ = ttl;
    return std::move(*this);
  }
  /// Puts the record on a work queue ([a-z_]{1,32}): claim_due() returns it after `delay`, and it
  /// outlives its own expiry (for claim_due only) until erased.
  Write&& due_in(Millis delay, std::string queue) && {
    due_ = delay;
    queue_ = std::move(queue);
    return std::move(*this);
  }

  enum class Op : std::uint8_t { put, erase, check, add };
  Op op() const noexcept { return op_; }
  const RecordKey& key() const noexcept { return key_; }
  const Bytes& value() const noexcept { return value_; }
  const std::optional<Version>& expected() const noexcept { return expected_; }
  const std::optional<Millis>& ttl() const noexcept { return ttl_; }
  const std::optional<Millis>& due() const noexcept { return due_; }
  const std::string& queue() const noexcept { return queue_; }
  std::int64_t delta() const noexcept { return delta_; }
  std::int64_t min() const noexcept { return min_; }
  std::int64_t max() const noexcept { return max_; }

 private:
  Write(Op op, RecordKey key) : op_(op), key_(std::move(key)) {}

  Op op_;
  RecordKey key_;
  Bytes value_;
  std::optional<Version> expected_;
  std::optional<Millis> ttl_;
  std::optional<Millis> due_;
  std::string queue_;
  std::int64_t delta_ = 0;
  std::int64_t min_ = 0;
  std::int64_t max_ = 0;
};

struct Committed {
  Committed() = default;
  std::vector<Version> versions;     ///< one per operation; 0 for erase, the expected for check
  std::vector<std::int64_t> values;  ///< one per operation; the counter after add, else 0
};

struct Page {
  Page() = default;
  std::vector<Record> records;
  std::string next;  ///< cursor of the next page; empty: no more
};

struct Claim {
  explicit Claim(RecordKey k) : key(std::move(k)) {}
  RecordKey key;
  Record record;              ///< its version is the fencing token of this claim
  std::uint32_t attempt = 0;  ///< 1 on the first claim
};

struct StorageCaps {
  StorageCaps() = default;
  bool shared = false;   ///< several nodes see the same records
  bool durable = false;  ///< an acknowledged write survives a crash of the backend and of the host
  std::size_t max_value = 256 * 1024;  ///< bytes of one value
  std::size_t max_batch = 64;          ///< operations of one apply()
};

/// Versioned records with expiry, compare-and-swap, bounded counters and leased work queues.
///
/// Thread safety: every method from any loop, concurrently. Time is the store's clock; callers
/// pass durations. A key appears at most once in a batch (else invalid_argument).
class FERRY_API Storage : public Plugin {
 public:
  virtual StorageCaps caps() const = 0;

  /// Errors: not_found (also when expired), unavailable, timeout, corrupt.
  virtual Awaitable<Result<Record>> get(RecordKey key) = 0;

  /// All or nothing, and visible to every later get() on any node. An expired record counts as
  /// absent for if_absent/if_version, but on a queue it still matches its own version, so that its
  /// claim can be finished. A put replaces value, expiry, queue and attempt as a whole; an add
  /// keeps what it does not set. Errors: version_mismatch / precondition_failed (detail names the
  /// key), too_large, invalid_argument, unavailable, timeout (outcome unknown).
  virtual Awaitable<Result<Committed>> apply(std::vector<Write> batch) = 0;

  /// Records of one space whose key starts with `prefix`, in byte order, at most `limit`.
  /// Not a snapshot: concurrent writes may or may not appear; no key appears twice.
  virtual Awaitable<Result<Page>> list(std::string space, std::string prefix, std::string cursor,
                                       std::size_t limit) = 0;

  /// Takes up to `limit` due records of `queue`, earliest first, for `lease`: no other claim
  /// returns them before the lease ends, their version grows, and `attempt` counts. Finish with
  /// erase().if_version(); a put().if_version() re-queues or un-queues.
  virtual Awaitable<Result<std::vector<Claim>>> claim_due(std::string queue, std::size_t limit,
                                                          Millis lease) = 0;
};

}  // namespace ferry
