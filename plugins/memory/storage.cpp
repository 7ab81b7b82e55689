#include "storage.hpp"

namespace ferry::memory {
namespace {

Records::Limits limits_of(const config::View& options) {
  Records::Limits limits;
  limits.records = static_cast<std::size_t>(options.integer("max_records"));
  limits.bytes = options.size("max_bytes");
  return limits;
}

Records::Time now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

MemoryStorage::MemoryStorage(Host&, const config::View& options)
    : records_(StorageCaps(), limits_of(options)) {}

config::Schema MemoryStorage::schema() {
  using config::Field;
  using config::Type;
  config::Schema s;
  s.summary = "Records in this process: lost on restart, not shared between nodes.";
  s.fields.push_back(Field("max_records", Type::integer, "Records kept at most.")
                         .default_("1000000")
                         .range_(1, 1e9));
  s.fields.push_back(
      Field("max_bytes", Type::size, "Keys and values kept at most.").default_("256MiB"));
  return s;
}

Awaitable<Result<void>> MemoryStorage::start() {
  co_return Result<void>();
}

Awaitable<Result<void>> MemoryStorage::ping() {
  co_return Result<void>();
}

Awaitable<void> MemoryStorage::stop() {
  co_return;
}

Awaitable<Result<Record>> MemoryStorage::get(RecordKey key) {
  const std::lock_guard lock(mutex_);
  co_return records_.get(key, now());
}

Awaitable<Result<Committed>> MemoryStorage::apply(std::vector<Write> batch) {
  const std::lock_guard lock(mutex_);
  co_return records_.apply(std::move(batch), now());
}

Awaitable<Result<Page>> MemoryStorage::list(std::string space, std::string prefix,
                                            std::string cursor, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  co_return records_.list(space, prefix, cursor, limit, now());
}

Awaitable<Result<std::vector<Claim>>> MemoryStorage::claim_due(std::string queue, std::size_t limit,
                                                               Millis lease) {
  const std::lock_guard lock(mutex_);
  co_return records_.claim_due(queue, limit, lease, now());
}

}  // namespace ferry::memory
