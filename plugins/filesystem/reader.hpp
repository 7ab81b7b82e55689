#pragma once
#include "files.hpp"

#include <ferry/blob_store.hpp>

namespace ferry::filesystem {

/// A range of a finished blob. Its file may be removed meanwhile; the open descriptor keeps it.
class FileReader final : public BlobReader {
 public:
  FileReader(Host& host, File file, std::uint64_t size, std::uint64_t begin, std::uint64_t end);

  std::uint64_t size() const override { return size_; }
  std::uint64_t remaining() const override { return end_ - at_; }
  Awaitable<Result<std::size_t>> read(std::span<std::byte> into) override;
  std::optional<FileRegion> take_file() override;

 private:
  Host& host_;
  File file_;
  std::uint64_t size_;
  std::uint64_t at_;
  std::uint64_t end_;
};

}  // namespace ferry::filesystem
