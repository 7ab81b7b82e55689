#include "blob_store.hpp"

#include "bug.hpp"

namespace ferry::mutants {
namespace {

/// Says that everything is durable and keeps it to itself.
class BoastfulWriter final : public BlobWriter {
 public:
  explicit BoastfulWriter(std::unique_ptr<BlobWriter> right) : right_(std::move(right)) {}

  std::uint64_t accepted() const override { return right_->accepted(); }
  Awaitable<Result<void>> write(ByteView bytes) override { return right_->write(bytes); }
  Awaitable<Result<Checkpoint>> checkpoint() override {
    Checkpoint c;
    c.durable = right_->accepted();
    co_return c;
  }
  Awaitable<Result<BlobInfo>> finish() override { return right_->finish(); }

 private:
  std::unique_ptr<BlobWriter> right_;
};

}  // namespace

BrokenBlobStore::BrokenBlobStore(Host& host, const config::View& options)
    : right_(host, options), bug_(options.string("bug")) {}

config::Schema BrokenBlobStore::schema() {
  return with_bug(filesystem::FilesystemBlobStore::schema());
}

Awaitable<Result<void>> BrokenBlobStore::start() {
  return right_.start();
}

Awaitable<Result<void>> BrokenBlobStore::ping() {
  return right_.ping();
}

Awaitable<void> BrokenBlobStore::stop() {
  return right_.stop();
}

BlobCaps BrokenBlobStore::caps() const {
  return right_.caps();
}

Awaitable<Result<std::unique_ptr<BlobWriter>>> BrokenBlobStore::create(
    BlobKey key, std::optional<std::uint64_t> size) {
  auto writer = co_await right_.create(key, size);
  if (writer && bug_ == "reports_durable_early") {
    *writer = std::make_unique<BoastfulWriter>(std::move(*writer));
  }
  if (writer) {
    const std::lock_guard lock(mutex_);
    created_.insert(key.value);
  }
  co_return writer;
}

Awaitable<Result<std::unique_ptr<BlobWriter>>> BrokenBlobStore::resume(BlobKey key,
                                                                       std::string token) {
  return right_.resume(std::move(key), std::move(token));
}

Awaitable<Result<std::unique_ptr<BlobReader>>> BrokenBlobStore::open(BlobKey key, ByteRange range) {
  return right_.open(std::move(key), bug_ == "ignores_ranges" ? ByteRange() : range);
}

Awaitable<Result<BlobInfo>> BrokenBlobStore::stat(BlobKey key) {
  auto info = co_await right_.stat(key);
  const std::lock_guard lock(mutex_);
  if (!info && bug_ == "shows_unfinished" && created_.contains(key.value)) {
    co_return BlobInfo();
  }
  co_return info;
}

Awaitable<Result<void>> BrokenBlobStore::remove(BlobKey key, std::string token) {
  const auto info = co_await right_.stat(key);
  if (!info && bug_ == "keeps_unfinished") {
    co_return Result<void>();
  }
  co_return co_await right_.remove(std::move(key), std::move(token));
}

}  // namespace ferry::mutants
