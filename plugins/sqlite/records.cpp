#include "records.hpp"

#include <algorithm>
#include <charconv>

namespace ferry::sqlite {
namespace {

constexpr std::int64_t kPurgePerCommit = 64;
constexpr Millis kForever = std::chrono::hours(24 * 365 * 100);  // keeps now + x in range

std::string name_of(const RecordKey& key) {
  return key.space + "/" + key.key;
}

std::int64_t after(std::int64_t now, Millis delay) {
  return now + std::clamp(delay, Millis(0), kForever).count();
}

std::optional<std::int64_t> time_after(std::int64_t now, const std::optional<Millis>& delay) {
  if (!delay) {
    return std::nullopt;
  }
  return after(now, *delay);
}

/// The least string greater than every string with this prefix, in byte order; empty: none.
std::string end_of(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) {
    prefix.pop_back();
  }
  if (!prefix.empty()) {
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  }
  return prefix;
}

void read_expiry(Record& record, const Statement& row, int column, std::int64_t now) {
  if (!row.is_null(column)) {
    record.expires_in = Millis(std::max<std::int64_t>(0, row.integer(column) - now));
  }
}

}  // namespace

Result<void> check_batch(const std::vector<Write>& batch, const StorageCaps& caps) {
  if (batch.size() > caps.max_batch) {
    return Error(Errc::too_large, "a batch of " + std::to_string(batch.size()) + " operations");
  }
  std::vector<std::pair<std::string_view, std::string_view>> keys;
  keys.reserve(batch.size());
  for (const Write& w : batch) {
    if (w.value().size() > caps.max_value) {
      return Error(Errc::too_large, name_of(w.key()));
    }
    keys.emplace_back(w.key().space, w.key().key);
  }
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
    return Error(Errc::invalid_argument, "a key appears twice in one batch");
  }
  return {};
}

RecordReader::RecordReader(Database& db)
    : get_(db,
           "SELECT value, version, expires FROM record WHERE space=?1 AND key=?2 "
           "AND (expires IS NULL OR expires>?3)"),
      list_(db,
            "SELECT key, value, version, expires FROM record WHERE space=?1 AND key>=?2 "
            "AND key>?3 AND (?4='' OR key<?4) AND (expires IS NULL OR expires>?5) "
            "ORDER BY key LIMIT ?6"),
      ping_(db, "SELECT value FROM counter WHERE name='version'") {}

Result<Record> RecordReader::get(const RecordKey& key, std::int64_t now) {
  const Rewind rewind(get_);
  get_.bind(1, key.space).bind(2, key.key).bind(3, now);
  if (!get_.step()) {
    return Error(Errc::not_found, name_of(key));
  }
  Record r;
  r.key = key.key;
  r.value = get_.blob(0);
  r.version = static_cast<Version>(get_.integer(1));
  read_expiry(r, get_, 2, now);
  return r;
}

Page RecordReader::list(const std::string& space, const std::string& prefix,
                        const std::string& cursor, std::size_t limit, std::int64_t now) {
  const Rewind rewind(list_);
  const std::string end = end_of(prefix);
  list_.bind(1, space).bind(2, prefix).bind(3, cursor).bind(4, end).bind(5, now);
  list_.bind(6, static_cast<std::int64_t>(limit) + 1);
  Page page;
  while (list_.step()) {
    if (page.records.size() == limit) {
      page.next = page.records.back().key;
      break;
    }
    Record r;
    r.key = list_.text(0);
    r.value = list_.blob(1);
    r.version = static_cast<Version>(list_.integer(2));
    read_expiry(r, list_, 3, now);
    page.records.push_back(std::move(r));
  }
  return page;
}

void RecordReader::ping() {
  ping_.run();
}

/// What is stored under a key, expired or not.
struct RecordWriter::Current {
  Version version = 0;  // 0: nothing is stored
  bool alive = false;   // stored and not expired
  bool queued = false;
  std::optional<std::int64_t> expires;
  std::optional<std::int64_t> due;
  std::string queue;
  std::int64_t attempt = 0;
  Bytes value;

  /// An expired record counts as absent, but the claim of a queued one must stay able to finish it.
  bool matches(Version expected) const {
    return expected == 0 ? !alive : version == expected && (alive || queued);
  }
};

RecordWriter::RecordWriter(Database& db)
    : db_(db),
      begin_(db, "BEGIN IMMEDIATE"),
      commit_(db, "COMMIT"),
      savepoint_(db, "SAVEPOINT batch"),
      release_(db, "RELEASE batch"),
      undo_(db, "ROLLBACK TO batch"),
      read_version_(db, "SELECT value FROM counter WHERE name='version'"),
      save_version_(db, "UPDATE counter SET value=?1 WHERE name='version'"),
      read_(db,
            "SELECT version, expires, queue, due, attempt, value FROM record "
            "WHERE space=?1 AND key=?2"),
      put_(db,
           "INSERT INTO record(space, key, value, version, expires, queue, due, attempt) "
           "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(space, key) DO UPDATE SET "
           "value=?3, version=?4, expires=?5, queue=?6, due=?7, attempt=?8"),
      erase_(db, "DELETE FROM record WHERE space=?1 AND key=?2"),
      due_(db,
           "SELECT id, space, key, value, expires, attempt FROM record "
           "WHERE queue=?1 AND due<=?2 ORDER BY due LIMIT ?3"),
      lease_(db, "UPDATE record SET due=?2, version=?3, attempt=attempt+1 WHERE id=?1"),
      purge_(db,
             "DELETE FROM record WHERE id IN (SELECT id FROM record WHERE queue IS NULL "
             "AND expires<=?1 ORDER BY expires LIMIT ?2)") {}

void RecordWriter::begin() {
  begin_.run();
  const Rewind rewind(read_version_);
  version_ = read_version_.step() ? read_version_.integer(0) : 0;
}

void RecordWriter::commit() {
  save_version_.bind(1, version_).run();
  commit_.run();
}

void RecordWriter::roll_back() noexcept {
  if (db_.in_transaction()) {
    try {
      db_.execute("ROLLBACK");
    } catch (const Failure&) {
      // SQLite rolls back by itself when it cannot any more; the next begin() will tell.
    }
  }
}

Result<Committed> RecordWriter::apply(const std::vector<Write>& batch, std::int64_t now) {
  savepoint_.run();
  auto done = apply_all(batch, now);
  if (!done) {
    undo_.run();
  }
  release_.run();
  return done;
}

Result<Committed> RecordWriter::apply_all(const std::vector<Write>& batch, std::int64_t now) {
  Committed done;
  done.versions.reserve(batch.size());
  done.values.reserve(batch.size());
  for (const Write& w : batch) {
    const Current current = read(w.key(), now);
    if (w.expected() && !current.matches(*w.expected())) {
      return Error(Errc::version_mismatch, name_of(w.key()));
    }
    std::int64_t number = 0;
    if (w.op() == Write::Op::add) {
      const auto sum = add(w, current);
      if (!sum) {
        return sum.error();
      }
      number = *sum;
    }
    Version version = 0;
    if (w.op() == Write::Op::check) {
      version = w.expected().value_or(0);
    } else if (w.op() == Write::Op::erase) {
      erase_.bind(1, w.key().space).bind(2, w.key().key).run();
    } else {
      const bool put = w.op() == Write::Op::put;
      const std::string text = put ? std::string() : std::to_string(number);
      const bool keep_queue = !put && !w.due() && current.queued;
      const std::string& queue = keep_queue ? current.queue : w.queue();
      version = static_cast<Version>(++version_);
      put_.bind(1, w.key().space).bind(2, w.key().key);
      put_.bind(3, put ? ByteView(w.value()) : as_bytes(text));
      put_.bind(4, version_);
      put_.bind(5, w.ttl() || put || !current.alive ? time_after(now, w.ttl()) : current.expires);
      if (keep_queue || w.due()) {
        put_.bind(6, std::string_view(queue));
      } else {
        put_.bind(6, std::optional<std::int64_t>());
      }
      put_.bind(7, keep_queue ? current.due : time_after(now, w.due()));
      put_.bind(8, keep_queue ? current.attempt : 0);
      put_.run();
    }
    done.versions.push_back(version);
    done.values.push_back(number);
  }
  return done;
}

RecordWriter::Current RecordWriter::read(const RecordKey& key, std::int64_t now) {
  const Rewind rewind(read_);
  read_.bind(1, key.space).bind(2, key.key);
  Current c;
  if (!read_.step()) {
    return c;
  }
  c.version = static_cast<Version>(read_.integer(0));
  if (!read_.is_null(1)) {
    c.expires = read_.integer(1);
  }
  c.alive = !c.expires || *c.expires > now;
  c.queued = !read_.is_null(2);
  if (c.queued) {
    c.queue = read_.text(2);
    c.due = read_.integer(3);
  }
  c.attempt = read_.integer(4);
  c.value = read_.blob(5);
  return c;
}

Result<std::int64_t> RecordWriter::add(const Write& w, const Current& current) {
  std::int64_t number = 0;
  if (current.alive) {
    const auto text = as_text(current.value);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Error(Errc::invalid_argument, name_of(w.key()) + " is no counter");
    }
  }
  if (__builtin_add_overflow(number, w.delta(), &number) || number < w.min() || number > w.max()) {
    return Error(Errc::precondition_failed, name_of(w.key()));
  }
  return number;
}

std::vector<Claim> RecordWriter::claim_due(const std::string& queue, std::size_t limit,
                                           Millis lease, std::int64_t now) {
  std::vector<Claim> claims;
  std::vector<std::int64_t> ids;
  {
    const Rewind rewind(due_);
    due_.bind(1, queue).bind(2, now).bind(3, static_cast<std::int64_t>(limit));
    while (due_.step()) {
      ids.push_back(due_.integer(0));
      Claim claim(RecordKey(std::string(due_.text(1)), std::string(due_.text(2))));
      claim.record.key = claim.key.key;
      claim.record.value = due_.blob(3);
      read_expiry(claim.record, due_, 4, now);
      claim.attempt = static_cast<std::uint32_t>(due_.integer(5)) + 1;
      claims.push_back(std::move(claim));
    }
  }
  for (std::size_t i = 0; i < claims.size(); ++i) {
    claims[i].record.version = static_cast<Version>(++version_);
    lease_.bind(1, ids[i]).bind(2, after(now, std::max(lease, Millis(1)))).bind(3, version_).run();
  }
  return claims;
}

void RecordWriter::purge(std::int64_t now) {
  purge_.bind(1, now).bind(2, kPurgePerCommit).run();
}

void RecordWriter::checkpoint() {
  db_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace ferry::sqlite
