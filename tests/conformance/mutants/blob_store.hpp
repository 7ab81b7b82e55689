#pragma once
#include "filesystem/store.hpp"

#include <mutex>
#include <set>

namespace ferry::mutants {

/// FilesystemBlobStore with one bug.
class BrokenBlobStore final : public BlobStore {
 public:
  BrokenBlobStore(Host& host, const config::View& options);
  static config::Schema schema();

  Awaitable<Result<void>> start() override;
  Awaitable<Result<void>> ping() override;
  Awaitable<void> stop() override;

  BlobCaps caps() const override;
  Awaitable<Result<std::unique_ptr<BlobWriter>>> create(BlobKey key,
                                                        std::optional<std::uint64_t> size) override;
  Awaitable<Result<std::unique_ptr<BlobWriter>>> resume(BlobKey key, std::string token) override;
  Awaitable<Result<std::unique_ptr<BlobReader>>> open(BlobKey key, ByteRange range) override;
  Awaitable<Result<BlobInfo>> stat(BlobKey key) override;
  Awaitable<Result<void>> remove(BlobKey key, std::string token) override;

 private:
  filesystem::FilesystemBlobStore right_;
  std::string bug_;
  std::mutex mutex_;
  std::set<std::string> created_;
};

}  // namespace ferry::mutants
