#include "root.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ferry::filesystem {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

/// mkdir -p with mode 0700; the new entries are durable in their parents.
Result<void> make_folders(const std::filesystem::path& path, bool durable) {
  struct stat info{};
  if (path.empty() || ::stat(path.c_str(), &info) == 0) {
    return {};
  }
  const auto parent = path.parent_path();
  if (auto made = make_folders(parent, durable); !made) {
    return made;
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("cannot create the folder " + path.string(), errno);
  }
  if (durable) {
    const File fd(::open(parent.empty() ? "." : parent.c_str(), kFolderFlags));
    if (!fd || ::fsync(fd.get()) != 0) {
      return system_error("cannot sync the parent of " + path.string(), errno);
    }
  }
  return {};
}

Result<void> check_owner(int fd, const std::string& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) {
    return system_error("cannot stat " + path, errno);
  }
  if (info.st_uid != ::geteuid()) {
    return Error(Errc::permission_denied, path + " belongs to user " + std::to_string(info.st_uid) +
                                              ", not to user " + std::to_string(::geteuid()) +
                                              " of this process");
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error(Errc::permission_denied,
                 path + " is writable by other users; chmod go-w it (0700 is best)");
  }
  return {};
}

std::string normal_path(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

}  // namespace

bool is_key(std::string_view key) noexcept {
  return key.size() >= 8 && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

Result<std::shared_ptr<Root>> Root::open(RootOptions options) {
  options.path = normal_path(std::move(options.path));
  if (auto made = make_folders(options.path, options.durable); !made) {
    return made.error();
  }
  std::shared_ptr<Root> root(new Root(std::move(options)));
  const std::string& path = root->options_.path;
  root->root_ = File(::open(path.c_str(), kFolderFlags));
  if (!root->root_) {
    return system_error("cannot open the folder " + path, errno);
  }
  if (auto ok = check_owner(root->root_.get(), path); !ok) {
    return ok.error();
  }
  if (auto ok = root->lock(); !ok) {
    return ok.error();
  }
  for (auto [name, fd] : {std::pair{"up", &root->up_}, std::pair{"blob", &root->blob_}}) {
    auto folder = root->subfolder(root->root_.get(), name, name, true);
    if (!folder) {
      return folder.error();
    }
    *fd = std::move(*folder);
  }
  return root;
}

Result<void> Root::lock() {
  lock_ = File(::openat(root_.get(), ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock_) {
    return system_error("cannot write to " + options_.path, errno);
  }
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return system_error("cannot lock " + options_.path, errno);
    }
    std::string holder(32, '\0');
    const auto n = read_all(lock_.get(), std::as_writable_bytes(std::span(holder)), 0);
    holder.resize(n ? holder.find_first_not_of("0123456789") : 0);
    return Error(Errc::unavailable, options_.path + " is in use by another process" +
                                        (holder.empty() ? "" : " (pid " + holder + ")"));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock_.get(), 0) != 0) {
    return system_error("cannot write to " + options_.path, errno);
  }
  return write_all(lock_.get(), as_bytes(pid), {}, 0);
}

Result<File> Root::folder(Tree tree, std::string_view key, bool create) {
  const std::string first(key.substr(0, 2));
  const std::string second(key.substr(2, 2));
  const std::string path = (tree == Tree::up ? "up/" : "blob/") + first;
  const int base = tree == Tree::up ? up_.get() : blob_.get();
  auto outer = subfolder(base, first, path, create);
  if (!outer) {
    return outer;
  }
  return subfolder(outer->get(), second, path + "/" + second, create);
}

File Root::open_cached(std::string_view key) const noexcept {
  std::array<char, 80> path{};
  if (key.size() < 4 || key.size() + 7 > path.size()) {
    return {};
  }
  // "ab/cd/abcd…"
  char* at = std::copy_n(key.data(), 2, path.data());
  *at++ = '/';
  at = std::copy_n(key.data() + 2, 2, at);
  *at++ = '/';
  std::copy(key.begin(), key.end(), at);
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_CACHED | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return File(static_cast<int>(::syscall(SYS_openat2, blob_.get(), path.data(), &how, sizeof how)));
}

Result<File> Root::subfolder(int parent, const std::string& name, const std::string& path,
                             bool create) {
  if (create && ::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("cannot create " + path, errno);
  }
  File fd(::openat(parent, name.c_str(), kFolderFlags | O_NOFOLLOW));
  if (!fd) {
    return system_error("cannot open " + path, errno);
  }
  if (create) {
    // Also a folder that exists may be new: made by a process that was killed before its fsync.
    {
      const std::lock_guard lock(mutex_);
      if (synced_.contains(path)) {
        return fd;
      }
    }
    if (auto ok = sync(parent, path); !ok) {
      return ok.error();
    }
    const std::lock_guard lock(mutex_);
    synced_.insert(path);
  }
  return fd;
}

Result<void> Root::sync(int fd, std::string_view what) {
  if (auto ok = health(); !ok) {
    return ok;
  }
  if (options_.durable && ::fsync(fd) != 0) {
    return sync_failed(what, errno);
  }
  return {};
}

Result<void> Root::sync_data(int fd, std::string_view what) {
  if (auto ok = health(); !ok) {
    return ok;
  }
  if (options_.durable && ::fdatasync(fd) != 0) {
    return sync_failed(what, errno);
  }
  return {};
}

Error Root::sync_failed(std::string_view what, int number) {
  const Error error = system_error("cannot sync " + std::string(what), number);
  {
    const std::lock_guard lock(failure_mutex_);
    if (failure_.empty()) {
      failure_ = error.detail;
    }
  }
  if (!failed_.exchange(true, std::memory_order_acq_rel) && options_.on_failure) {
    options_.on_failure(error.detail);
  }
  return {Errc::unavailable, error.detail};
}

Result<void> Root::health() const {
  if (!failed_.load(std::memory_order_acquire)) {
    return {};
  }
  const std::lock_guard lock(failure_mutex_);
  return Error(Errc::unavailable,
               "the disk failed, nothing more is accepted until a restart: " + failure_);
}

Result<void> Root::probe() const {
  struct stat info{};
  if (::fstat(root_.get(), &info) != 0) {
    return system_error("cannot stat " + options_.path, errno);
  }
  if (info.st_nlink == 0) {
    return Error(Errc::unavailable, options_.path + " was removed");
  }
  return health();
}

Result<void> Root::check_free(std::uint64_t size) const {
  struct statvfs info{};
  if (::fstatvfs(root_.get(), &info) != 0) {
    return system_error("cannot ask for the free space of " + options_.path, errno);
  }
  const std::uint64_t free = std::uint64_t{info.f_bavail} * info.f_frsize;
  if (free < options_.min_free || free - options_.min_free < size) {
    return Error(Errc::quota_exceeded, "a blob of " + std::to_string(size) + " bytes would leave " +
                                           "less than min_free on the disk of " + options_.path);
  }
  return {};
}

}  // namespace ferry::filesystem
