#pragma once
// An unfinished blob: its data, its log and the rules that make an offset durable. Blocks; used by
// one thread at a time.
#include "log_codec.hpp"
#include "root.hpp"

#include <ferry/bytes.hpp>
#include <ferry/error.hpp>

#include <memory>
#include <optional>
#include <string>

namespace ferry::filesystem {

class Part {
 public:
  /// Reserves `size` bytes where the file system can. already_exists, quota_exceeded, unavailable.
  static Result<Part> create(std::shared_ptr<Root> root, std::string key,
                             std::optional<std::uint64_t> size);

  /// Goes back to the last offset whose record and bytes are sound, and cuts what follows.
  /// already_exists: finished. not_found. corrupt: less is left than the `promised` bytes.
  /// unavailable: another Part of this key is open.
  static Result<Part> resume(std::shared_ptr<Root> root, std::string key, std::uint64_t promised);

  /// Appends all of `first`, then all of `second`; on an error nothing counts as written.
  Result<void> append(ByteView first, ByteView second);
  std::uint64_t written() const noexcept { return written_; }

  /// Makes written() bytes durable. A failed sync is final for this Part and for the Root.
  Result<void> checkpoint();
  std::uint64_t durable() const noexcept { return last_.offset; }

  /// Makes the blob visible, durably. Only once.
  Result<void> finish();

 private:
  Part(std::shared_ptr<Root> root, std::string key)
      : root_(std::move(root)), key_(std::move(key)) {}
  Result<void> recover();
  Result<bool> bytes_match(std::uint64_t from, const LogRecord& record) const;
  Result<void> cut(std::size_t records);

  std::shared_ptr<Root> root_;
  std::string key_;
  File folder_;
  File data_;
  File log_;
  std::uint64_t written_ = 0;
  std::uint32_t crc_ = 0;  // of the bytes after last_.offset
  LogRecord last_;         // sequence 0: no record yet
};

/// Removes every trace of a key; nothing there is success.
Result<void> remove_blob(Root& root, const std::string& key);

/// Opens a finished blob for reading.
Result<File> open_blob(Root& root, const std::string& key);

}  // namespace ferry::filesystem
