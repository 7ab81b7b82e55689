#pragma once
// The data folder: <root>/up/ab/cd/<key>.part, .log and <root>/blob/ab/cd/<key>. Everything is
// opened relative to descriptors and never through a symbolic link. Blocks; safe from any thread.
#include "files.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace ferry::filesystem {

struct RootOptions {
  std::string path;
  bool durable = true;         ///< false: nothing is synced
  std::uint64_t min_free = 0;  ///< bytes that create() leaves free on the device
  /// Called once, on any thread, when a sync fails.
  std::function<void(const std::string& reason)> on_failure;
};

bool is_key(std::string_view key) noexcept;  ///< [a-z0-9]{8,64}

class Root {
 public:
  enum class Tree { up, blob };

  /// Creates the folder (0700) when missing; refuses one that another user could write to, and one
  /// that another process holds.
  static Result<std::shared_ptr<Root>> open(RootOptions options);

  /// The folder of a key. With `create` it exists durably afterwards; else not_found.
  Result<File> folder(Tree tree, std::string_view key, bool create);

  /// The finished blob's file when the kernel can open it without waiting for the disk: the only
  /// call here that may be made on an event loop. No file: ask again where blocking is allowed.
  File open_cached(std::string_view key) const noexcept;

  /// fsync, fdatasync; nothing when not durable. A failure is final for the whole store, because
  /// the kernel may have dropped the pages that it could not write: see failure().
  Result<void> sync(int fd, std::string_view what);
  Result<void> sync_data(int fd, std::string_view what);
  /// The first failed sync, if any.
  Result<void> health() const;
  /// health(), and whether the folder is still there.
  Result<void> probe() const;

  /// quota_exceeded when `size` more bytes would leave less than min_free.
  Result<void> check_free(std::uint64_t size) const;
  bool durable() const noexcept { return options_.durable; }
  const std::string& path() const noexcept { return options_.path; }

 private:
  explicit Root(RootOptions options) : options_(std::move(options)) {}
  Result<void> lock();
  Result<File> subfolder(int parent, const std::string& name, const std::string& path, bool create);
  Error sync_failed(std::string_view what, int number);

  const RootOptions options_;
  File root_;
  File lock_;
  File up_;
  File blob_;
  std::mutex mutex_;                        // of synced_
  std::unordered_set<std::string> synced_;  // folders whose entry in the parent is durable
  std::atomic<bool> failed_{false};
  mutable std::mutex failure_mutex_;
  std::string failure_;
};

}  // namespace ferry::filesystem
