#pragma once
#include "root.hpp"

#include <ferry/blob_store.hpp>

#include <memory>

namespace ferry::filesystem {

/// Blobs as files of one folder, held by one process.
class FilesystemBlobStore final : public BlobStore {
 public:
  FilesystemBlobStore(Host& host, const config::View& options);
  static config::Schema schema();
  static void validate(const config::View& options, std::vector<config::Problem>& out);

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
  Result<void> check(const BlobKey& key) const;

  Host& host_;
  RootOptions options_;
  std::shared_ptr<Root> root_;
};

}  // namespace ferry::filesystem
