#pragma once
#include "part.hpp"

#include <ferry/blob_store.hpp>

#include <optional>

namespace ferry::filesystem {

/// Small writes are gathered in memory; large ones go to the file straight from the caller's bytes.
class FileWriter final : public BlobWriter {
 public:
  FileWriter(Host& host, Part part);

  std::uint64_t accepted() const override;
  Awaitable<Result<void>> write(ByteView bytes) override;
  Awaitable<Result<Checkpoint>> checkpoint() override;
  Awaitable<Result<BlobInfo>> finish() override;

 private:
  Result<void> append(ByteView bytes);
  Result<void> flush();
  Result<void> note(Result<void> outcome);
  Checkpoint checkpoint_reached() const;

  Host& host_;
  Part part_;
  Bytes gathered_;  // accepted, not yet in the file
  std::optional<Error> failure_;
  bool finished_ = false;
};

/// The durable offset that a checkpoint's token promises; empty: 0.
Result<std::uint64_t> parse_token(const std::string& token);

}  // namespace ferry::filesystem
