#include "records.hpp"

#include <algorithm>
#include <charconv>

namespace ferry::memory {
namespace {

constexpr std::size_t kPurgePerApply = 32;
constexpr std::size_t kMaxPage = 1000;
constexpr Millis kForever = std::chrono::hours(24 * 365 * 100);  // keeps now + x in range

Records::Time after(Records::Time now, Millis delay) {
  return now + std::clamp(delay, Millis(0), kForever);
}

std::string name_of(const RecordKey& key) {
  return key.space + "/" + key.key;
}

std::optional<std::int64_t> parse_counter(const Bytes& value) {
  const auto text = as_text(value);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

bool has_duplicates(const std::vector<Write>& batch) {
  std::vector<std::pair<std::string_view, std::string_view>> keys;
  keys.reserve(batch.size());
  for (const Write& w : batch) {
    keys.emplace_back(w.key().space, w.key().key);
  }
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

template <class Entry>
bool expired(const Entry& entry, Records::Time now) {
  return entry.expires && *entry.expires <= now;
}

/// An expired record counts as absent, but the claim of a queued one must stay able to finish it.
template <class Entry>
bool matches(const Entry* entry, Version expected, Records::Time now) {
  const bool alive = entry && !expired(*entry, now);
  if (expected == 0) {
    return !alive;
  }
  return entry && entry->version == expected && (alive || entry->due);
}

template <class Entry>
Record to_record(const std::string& key, const Entry& entry, Records::Time now) {
  Record r;
  r.key = key;
  r.value = entry.value;
  r.version = entry.version;
  if (entry.expires) {
    r.expires_in = std::max(Millis(0), std::chrono::duration_cast<Millis>(*entry.expires - now));
  }
  return r;
}

}  // namespace

Result<Record> Records::get(const RecordKey& key, Time now) const {
  const auto it = records_.find(Id(key.space, key.key));
  if (it == records_.end() || expired(it->second, now)) {
    return Error(Errc::not_found, name_of(key));
  }
  return to_record(key.key, it->second, now);
}

Result<Committed> Records::apply(std::vector<Write> batch, Time now) {
  purge(now);
  std::vector<std::int64_t> counters(batch.size());
  if (auto ok = check(batch, now, counters); !ok) {
    return ok.error();
  }
  Committed done;
  done.versions.reserve(batch.size());
  done.values.reserve(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Write& w = batch[i];
    Version version = 0;
    if (w.op() == Write::Op::check) {
      version = w.expected().value_or(0);
    } else if (w.op() == Write::Op::erase) {
      if (const auto it = records_.find(Id(w.key().space, w.key().key)); it != records_.end()) {
        drop(it);
      }
    } else {
      store(w, counters[i], now);
      version = sequence_;
    }
    done.versions.push_back(version);
    done.values.push_back(w.op() == Write::Op::add ? counters[i] : 0);
  }
  return done;
}

Result<void> Records::check(const std::vector<Write>& batch, Time now,
                            std::vector<std::int64_t>& counters) const {
  if (batch.size() > caps_.max_batch) {
    return Error(Errc::too_large, "a batch of " + std::to_string(batch.size()) + " operations");
  }
  if (has_duplicates(batch)) {
    return Error(Errc::invalid_argument, "a key appears twice in one batch");
  }
  std::size_t fresh = 0;
  std::uint64_t fresh_bytes = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Write& w = batch[i];
    const auto it = records_.find(Id(w.key().space, w.key().key));
    const Entry* entry = it == records_.end() ? nullptr : &it->second;
    if (w.value().size() > caps_.max_value) {
      return Error(Errc::too_large, name_of(w.key()));
    }
    if (w.expected() && !matches(entry, *w.expected(), now)) {
      return Error(Errc::version_mismatch, name_of(w.key()));
    }
    if (w.op() == Write::Op::add) {
      std::int64_t value = 0;
      if (entry && !expired(*entry, now)) {
        const auto number = parse_counter(entry->value);
        if (!number) {
          return Error(Errc::invalid_argument, name_of(w.key()) + " is no counter");
        }
        value = *number;
      }
      if (__builtin_add_overflow(value, w.delta(), &counters[i]) || counters[i] < w.min() ||
          counters[i] > w.max()) {
        return Error(Errc::precondition_failed, name_of(w.key()));
      }
    }
    if (w.op() == Write::Op::put || w.op() == Write::Op::add) {
      fresh += entry ? 0 : 1;
      fresh_bytes += w.value().size() + w.key().space.size() + w.key().key.size();
    }
  }
  if (fresh > 0 && records_.size() + fresh > limits_.records) {
    return Error(Errc::quota_exceeded, "max_records is reached");
  }
  if (fresh_bytes > 0 && bytes_ + fresh_bytes > limits_.bytes) {
    return Error(Errc::quota_exceeded, "max_bytes is reached");
  }
  return {};
}

void Records::store(Write& w, std::int64_t counter, Time now) {
  const auto [it, fresh] = records_.try_emplace(Id(w.key().space, w.key().key));
  Entry& e = it->second;
  if (fresh) {
    bytes_ += it->first.first.size() + it->first.second.size();
  } else {
    unindex(*it);
    bytes_ -= e.value.size();
  }
  const bool put = w.op() == Write::Op::put;
  if (put || expired(e, now)) {
    e.expires.reset();
  }
  if (put) {
    e.value = w.value();
    e.due.reset();
    e.queue.clear();
    e.attempt = 0;
  } else {
    e.value = to_bytes(std::to_string(counter));
  }
  if (w.ttl()) {
    e.expires = after(now, *w.ttl());
  }
  if (w.due()) {
    e.due = after(now, *w.due());
    e.queue = w.queue();
    e.attempt = 0;
  }
  e.version = ++sequence_;
  bytes_ += e.value.size();
  index(*it);
}

Result<Page> Records::list(const std::string& space, const std::string& prefix,
                           const std::string& cursor, std::size_t limit, Time now) const {
  if (limit == 0) {
    return Error(Errc::invalid_argument, "a page of 0 records");
  }
  limit = std::min(limit, kMaxPage);
  Page page;
  auto it = cursor > prefix ? records_.upper_bound(Id(space, cursor))
                            : records_.lower_bound(Id(space, prefix));
  for (; it != records_.end(); ++it) {
    const auto& [record_space, key] = it->first;
    if (record_space != space || !key.starts_with(prefix)) {
      break;
    }
    if (expired(it->second, now)) {
      continue;
    }
    if (page.records.size() == limit) {
      page.next = page.records.back().key;
      break;
    }
    page.records.push_back(to_record(key, it->second, now));
  }
  return page;
}

std::vector<Claim> Records::claim_due(const std::string& queue, std::size_t limit, Millis lease,
                                      Time now) {
  std::vector<Claim> claims;
  const auto schedule = queues_.find(queue);
  if (schedule == queues_.end()) {
    return claims;
  }
  std::vector<const Id*> due;
  for (const auto& [time, id] : schedule->second) {
    if (time > now || due.size() == limit) {
      break;
    }
    due.push_back(id);
  }
  for (const Id* id : due) {
    auto& record = *records_.find(*id);
    unindex(record);
    Entry& e = record.second;
    e.due = after(now, std::max(lease, Millis(1)));
    e.version = ++sequence_;
    ++e.attempt;
    index(record);
    Claim claim(RecordKey(id->first, id->second));
    claim.record = to_record(id->second, e, now);
    claim.attempt = e.attempt;
    claims.push_back(std::move(claim));
  }
  return claims;
}

void Records::index(const Map::value_type& record) {
  const auto& [id, e] = record;
  if (e.due) {
    queues_[e.queue].emplace(*e.due, &id);
  } else if (e.expires) {
    expiring_.emplace(*e.expires, &id);
  }
}

void Records::unindex(const Map::value_type& record) {
  const auto& [id, e] = record;
  if (e.due) {
    const auto schedule = queues_.find(e.queue);
    schedule->second.erase({*e.due, &id});
    if (schedule->second.empty()) {
      queues_.erase(schedule);
    }
  } else if (e.expires) {
    expiring_.erase({*e.expires, &id});
  }
}

void Records::drop(Map::iterator record) {
  unindex(*record);
  bytes_ -= record->first.first.size() + record->first.second.size() + record->second.value.size();
  records_.erase(record);
}

void Records::purge(Time now) {
  for (std::size_t i = 0; i < kPurgePerApply && !expiring_.empty(); ++i) {
    const auto& [time, id] = *expiring_.begin();
    if (time > now) {
      return;
    }
    drop(records_.find(*id));
  }
}

}  // namespace ferry::memory
