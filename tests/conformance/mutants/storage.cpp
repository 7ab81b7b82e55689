#include "storage.hpp"

#include "bug.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

namespace ferry::mutants {
namespace {

/// The same write, without its condition or its expiry when told so.
Write copy(const Write& w, bool condition, bool expiry) {
  Write c = w.op() == Write::Op::put     ? Write::put(w.key(), w.value())
            : w.op() == Write::Op::erase ? Write::erase(w.key())
            : w.op() == Write::Op::check ? Write::check(w.key(), w.expected().value_or(0))
                                         : Write::add(w.key(), w.delta(), w.min(), w.max());
  if (condition && w.expected()) {
    std::move(c).if_version(*w.expected());  // changes it in place
  }
  if (expiry && w.ttl()) {
    std::move(c).expire_in(*w.ttl());  // changes it in place
  }
  if (w.due()) {
    std::move(c).due_in(*w.due(), w.queue());  // changes it in place
  }
  return c;
}

}  // namespace

BrokenStorage::BrokenStorage(Host& host, const config::View& options)
    : right_(host, options), bug_(options.string("bug")) {}

config::Schema BrokenStorage::schema() {
  return with_bug(memory::MemoryStorage::schema());
}

Awaitable<Result<void>> BrokenStorage::start() {
  return right_.start();
}

Awaitable<Result<void>> BrokenStorage::ping() {
  return right_.ping();
}

Awaitable<void> BrokenStorage::stop() {
  return right_.stop();
}

StorageCaps BrokenStorage::caps() const {
  StorageCaps caps = right_.caps();
  caps.durable = bug_ == "claims_durability";
  return caps;
}

Awaitable<Result<Record>> BrokenStorage::get(RecordKey key) {
  return right_.get(std::move(key));
}

Awaitable<Result<Page>> BrokenStorage::list(std::string space, std::string prefix,
                                            std::string cursor, std::size_t limit) {
  return right_.list(std::move(space), std::move(prefix), std::move(cursor), limit);
}

Write BrokenStorage::broken(const Write& w) const {
  const bool absent = w.expected() && *w.expected() == 0;
  const bool condition = !(bug_ == "ignores_if_absent" && absent) &&
                         !(bug_ == "ignores_versions" && w.expected() && !absent);
  return copy(w, condition, bug_ != "ignores_expiry");
}

Awaitable<Result<Committed>> BrokenStorage::apply(std::vector<Write> batch) {
  if (bug_ == "loses_updates") {
    co_return co_await check_then_act(std::move(batch));
  }
  if (bug_ == "splits_batches") {
    co_return co_await one_by_one(std::move(batch));
  }
  std::vector<Write> writes;
  for (const Write& w : batch) {
    writes.push_back(broken(w));
  }
  auto done = co_await right_.apply(std::move(writes));
  if (done && bug_ == "restarts_versions") {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (batch[i].expected() == Version{0} && batch[i].op() == Write::Op::put) {
        done->versions[i] = 1;
      }
    }
  }
  co_return done;
}

Awaitable<Result<Committed>> BrokenStorage::check_then_act(std::vector<Write> batch) {
  std::vector<Write> writes;
  for (const Write& w : batch) {
    if (w.expected()) {
      const auto record = co_await right_.get(w.key());
      if ((record ? record->version : 0) != *w.expected()) {
        co_return Error(Errc::version_mismatch, w.key().key);
      }
    }
    writes.push_back(copy(w, false, true));
  }
  co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
  co_return co_await right_.apply(std::move(writes));
}

Awaitable<Result<Committed>> BrokenStorage::one_by_one(std::vector<Write> batch) {
  Committed all;
  for (Write& w : batch) {
    std::vector<Write> alone;
    alone.push_back(std::move(w));
    const auto done = co_await right_.apply(std::move(alone));
    if (!done) {
      co_return done;
    }
    all.versions.push_back(done->versions[0]);
    all.values.push_back(done->values[0]);
  }
  co_return all;
}

Awaitable<Result<std::vector<Claim>>> BrokenStorage::claim_due(std::string queue, std::size_t limit,
                                                               Millis lease) {
  auto claims = co_await right_.claim_due(queue, limit, lease);
  if (claims && bug_ == "forgets_expired_work") {
    std::erase_if(*claims, [](const Claim& c) { return c.record.expires_in == Millis(0); });
  }
  if (claims && bug_ == "ignores_leases") {
    for (const Claim& c : *claims) {
      std::vector<Write> again;
      again.push_back(Write::put(c.key, c.record.value).due_in(Millis(0), queue));
      co_await right_.apply(std::move(again));
    }
  }
  co_return claims;
}

}  // namespace ferry::mutants
