#include "plugin/guard.hpp"
#include "plugin/guard_lifecycle.hpp"

namespace ferry {
namespace {

// Shared with readers and writers, which may live a little longer than the store's caller thinks.
struct Meters {
  Meters(const std::string& plugin, Host& host) : guard(Kind::blob_store, plugin, host) {}
  Guarded guard;
  Metered create{guard, "create"};
  Metered resume{guard, "resume"};
  Metered open{guard, "open"};
  Metered stat{guard, "stat"};
  Metered remove{guard, "remove"};
  Metered checkpoint{guard, "checkpoint"};
  Metered finish{guard, "finish"};
};

class GuardedReader final : public BlobReader {
 public:
  GuardedReader(std::unique_ptr<BlobReader> inner, std::shared_ptr<Meters> meters)
      : inner_(std::move(inner)), meters_(std::move(meters)) {}

  std::uint64_t size() const override { return inner_->size(); }
  std::uint64_t remaining() const override { return inner_->remaining(); }
  Awaitable<Result<std::size_t>> read(std::span<std::byte> into) override {
    return guarded(meters_->guard, "read", [this, into] { return inner_->read(into); });
  }
  std::optional<FileRegion> take_file() override {
    return guarded_now(
        meters_->guard, "take_file", [this] { return inner_->take_file(); },
        [](const Error&) { return std::optional<FileRegion>(); });
  }

 private:
  std::unique_ptr<BlobReader> inner_;
  std::shared_ptr<Meters> meters_;
};

class GuardedWriter final : public BlobWriter {
 public:
  GuardedWriter(std::unique_ptr<BlobWriter> inner, std::shared_ptr<Meters> meters)
      : inner_(std::move(inner)), meters_(std::move(meters)) {}

  std::uint64_t accepted() const override { return inner_->accepted(); }
  Awaitable<Result<void>> write(ByteView bytes) override {
    return guarded(meters_->guard, "write", [this, bytes] { return inner_->write(bytes); });
  }
  Awaitable<Result<Checkpoint>> checkpoint() override {
    return metered(meters_->checkpoint, [this] { return inner_->checkpoint(); });
  }
  Awaitable<Result<BlobInfo>> finish() override {
    return metered(meters_->finish, [this] { return inner_->finish(); });
  }

 private:
  std::unique_ptr<BlobWriter> inner_;
  std::shared_ptr<Meters> meters_;
};

class GuardedBlobStore final : public GuardedPlugin<BlobStore> {
 public:
  GuardedBlobStore(std::unique_ptr<BlobStore> inner, const std::string& plugin, Host& host)
      : GuardedPlugin(std::move(inner), plugin, host),
        meters_(std::make_shared<Meters>(plugin, host)) {}

  BlobCaps caps() const override { return inner_->caps(); }
  Awaitable<Result<std::unique_ptr<BlobWriter>>> create(
      BlobKey key, std::optional<std::uint64_t> size) override {
    return wrap<GuardedWriter>(
        metered(meters_->create, [this, key = std::move(key), size]() mutable {
          return inner_->create(std::move(key), size);
        }));
  }
  Awaitable<Result<std::unique_ptr<BlobWriter>>> resume(BlobKey key, std::string token) override {
    return wrap<GuardedWriter>(
        metered(meters_->resume, [this, key = std::move(key), token = std::move(token)]() mutable {
          return inner_->resume(std::move(key), std::move(token));
        }));
  }
  Awaitable<Result<std::unique_ptr<BlobReader>>> open(BlobKey key, ByteRange range) override {
    return wrap<GuardedReader>(
        metered(meters_->open, [this, key = std::move(key), range]() mutable {
          return inner_->open(std::move(key), range);
        }));
  }
  Awaitable<Result<BlobInfo>> stat(BlobKey key) override {
    return metered(meters_->stat,
                   [this, key = std::move(key)]() mutable { return inner_->stat(std::move(key)); });
  }
  Awaitable<Result<void>> remove(BlobKey key, std::string token) override {
    return metered(meters_->remove,
                   [this, key = std::move(key), token = std::move(token)]() mutable {
                     return inner_->remove(std::move(key), std::move(token));
                   });
  }
  Awaitable<Result<std::string>> presign_get(BlobKey key, PresignOptions options) override {
    return guarded(guard_, "presign_get",
                   [this, key = std::move(key), options = std::move(options)]() mutable {
                     return inner_->presign_get(std::move(key), std::move(options));
                   });
  }
  Awaitable<Result<std::vector<std::string>>> list(std::string after, std::size_t limit) override {
    return guarded(guard_, "list", [this, after = std::move(after), limit]() mutable {
      return inner_->list(std::move(after), limit);
    });
  }

 private:
  // Replaces the plugin's reader or writer by its guarded form.
  template <class Wrapper, class T>
  Awaitable<Result<std::unique_ptr<T>>> wrap(Awaitable<Result<std::unique_ptr<T>>> call) {
    const std::shared_ptr<Meters> meters = meters_;
    auto result = co_await std::move(call);
    if (result) {
      result = std::unique_ptr<T>(std::make_unique<Wrapper>(std::move(*result), meters));
    }
    co_return result;
  }

  std::shared_ptr<Meters> meters_;
};

}  // namespace

std::unique_ptr<BlobStore> guard(std::unique_ptr<BlobStore> inner, const std::string& plugin,
                                 Host& host) {
  return std::make_unique<GuardedBlobStore>(std::move(inner), plugin, host);
}

}  // namespace ferry
