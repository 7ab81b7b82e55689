#include "part.hpp"

#include "crc32c.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace ferry::filesystem {
namespace {

constexpr std::size_t kBlock = 1 << 20;
constexpr off_t kLogReserve = 4096;  // so that the first 146 checkpoints work on a full disk
constexpr int kOpenFlags = O_RDWR | O_NOFOLLOW | O_CLOEXEC;

std::string part_name(const std::string& key) {
  return key + ".part";
}

std::string log_name(const std::string& key) {
  return key + ".log";
}

Result<void> reserve(int fd, off_t size) {
  if (size <= 0 || ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size) == 0) {
    return {};
  }
  if (errno == EOPNOTSUPP || errno == ENOSYS) {
    return {};  // the file system cannot reserve: a full disk shows at write()
  }
  return system_error("cannot reserve " + std::to_string(size) + " bytes", errno);
}

/// A second writer of the same file would interleave its bytes with ours.
Result<void> lock(int fd) {
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
    return {};
  }
  if (errno == EWOULDBLOCK) {
    return Error(Errc::unavailable, "another writer of this blob is open");
  }
  return system_error("cannot lock the blob", errno);
}

/// Drops the name; true when it was there.
Result<bool> unlink_at(int folder, const std::string& name) {
  if (::unlinkat(folder, name.c_str(), 0) == 0) {
    return true;
  }
  if (errno == ENOENT) {
    return false;
  }
  return system_error("cannot remove " + name, errno);
}

/// The rename of finish() may have happened right before a crash: makes it durable, tidies up.
Result<void> settle_finished(Root& root, const std::string& key, int blob_folder) {
  if (auto ok = root.sync(blob_folder, "the folder of " + key); !ok) {
    return ok;
  }
  const auto up = root.folder(Root::Tree::up, key, false);
  if (!up) {
    return {};
  }
  if (auto ok = root.sync(up->get(), "the folder of " + key); !ok) {
    return ok;
  }
  unlink_at(up->get(), log_name(key));  // a log that cannot be removed does no harm
  return {};
}

}  // namespace

Result<Part> Part::create(std::shared_ptr<Root> root, std::string key,
                          std::optional<std::uint64_t> size) {
  if (auto ok = root->health(); !ok) {
    return ok.error();
  }
  if (size.value_or(0) > static_cast<std::uint64_t>(INT64_MAX)) {
    return Error(Errc::quota_exceeded, "no file can be that large");
  }
  if (auto ok = root->check_free(size.value_or(0)); !ok) {
    return ok.error();
  }
  if (open_blob(*root, key)) {
    return Error(Errc::already_exists, key);
  }
  Part part(std::move(root), std::move(key));
  auto folder = part.root_->folder(Root::Tree::up, part.key_, true);
  if (!folder) {
    return folder.error();
  }
  part.folder_ = std::move(*folder);
  const std::string name = part_name(part.key_);
  part.data_ =
      File(::openat(part.folder_.get(), name.c_str(), kOpenFlags | O_CREAT | O_EXCL, 0600));
  if (!part.data_) {
    return system_error("cannot create " + name, errno);
  }
  auto prepare = [&]() -> Result<void> {
    if (auto ok = lock(part.data_.get()); !ok) {
      return ok;
    }
    if (auto ok = reserve(part.data_.get(), static_cast<off_t>(size.value_or(0))); !ok) {
      return ok;
    }
    part.log_ = File(::openat(part.folder_.get(), log_name(part.key_).c_str(),
                              kOpenFlags | O_CREAT | O_TRUNC, 0600));
    if (!part.log_) {
      return system_error("cannot create the log of " + part.key_, errno);
    }
    if (auto ok = reserve(part.log_.get(), kLogReserve); !ok) {
      return ok;
    }
    if (auto ok = part.root_->sync(part.data_.get(), name); !ok) {
      return ok;
    }
    if (auto ok = part.root_->sync(part.log_.get(), log_name(part.key_)); !ok) {
      return ok;
    }
    return part.root_->sync(part.folder_.get(), "the folder of " + part.key_);
  };
  if (auto ok = prepare(); !ok) {
    ::unlinkat(part.folder_.get(), name.c_str(), 0);
    ::unlinkat(part.folder_.get(), log_name(part.key_).c_str(), 0);
    return ok.error();
  }
  return part;
}

Result<Part> Part::resume(std::shared_ptr<Root> root, std::string key, std::uint64_t promised) {
  if (auto ok = root->health(); !ok) {
    return ok.error();
  }
  auto finished = root->folder(Root::Tree::blob, key, false);
  if (!finished && finished.error().code != Errc::not_found) {
    return finished.error();
  }
  if (finished && ::faccessat(finished->get(), key.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    if (auto ok = settle_finished(*root, key, finished->get()); !ok) {
      return ok.error();
    }
    return Error(Errc::already_exists, key);
  }
  Part part(std::move(root), std::move(key));
  auto folder = part.root_->folder(Root::Tree::up, part.key_, false);
  if (!folder) {
    return folder.error();
  }
  part.folder_ = std::move(*folder);
  const std::string name = part_name(part.key_);
  part.data_ = File(::openat(part.folder_.get(), name.c_str(), kOpenFlags));
  if (!part.data_) {
    return system_error("cannot open " + name, errno);
  }
  if (auto ok = lock(part.data_.get()); !ok) {
    return ok.error();
  }
  part.log_ =
      File(::openat(part.folder_.get(), log_name(part.key_).c_str(), kOpenFlags | O_CREAT, 0600));
  if (!part.log_) {
    return system_error("cannot open the log of " + part.key_, errno);
  }
  if (auto ok = part.recover(); !ok) {
    return ok.error();
  }
  if (part.last_.sequence == 0) {
    // create() may have been killed before its syncs: then the names are not durable yet.
    if (auto again = part.root_->folder(Root::Tree::up, part.key_, true); !again) {
      return again.error();
    }
    if (auto ok = part.root_->sync(part.folder_.get(), "the folder of " + part.key_); !ok) {
      return ok.error();
    }
  }
  if (part.last_.offset < promised) {
    return Error(Errc::corrupt, "of " + std::to_string(promised) + " durable bytes of " +
                                    part.key_ + " only " + std::to_string(part.last_.offset) +
                                    " are sound");
  }
  return part;
}

Result<void> Part::recover() {
  auto log_size = size_of(log_.get());
  if (!log_size) {
    return log_size.error();
  }
  Bytes log(*log_size);
  auto read = read_all(log_.get(), log, 0);
  if (!read) {
    return read.error();
  }
  log.resize(*read);
  auto records = parse_log(log);
  while (!records.empty()) {
    const std::uint64_t from = records.size() > 1 ? records[records.size() - 2].offset : 0;
    auto match = bytes_match(from, records.back());
    if (!match) {
      return match.error();
    }
    if (*match) {
      last_ = records.back();
      break;
    }
    records.pop_back();
  }
  written_ = last_.offset;
  crc_ = 0;
  return cut(records.size());
}

Result<bool> Part::bytes_match(std::uint64_t from, const LogRecord& record) const {
  Bytes block(static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, record.offset - from)));
  std::uint32_t crc = 0;
  while (from < record.offset) {
    const auto want =
        static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), record.offset - from));
    auto got = read_all(data_.get(), std::span(block).first(want), from);
    if (!got) {
      return got.error();
    }
    if (*got != want) {
      return false;
    }
    crc = crc32c(std::span(block).first(want), crc);
    from += want;
  }
  return crc == record.data_crc;
}

/// Drops what follows the last good record. A stale record left behind could be taken for a later
/// one, so the cut is durable before anything is appended.
Result<void> Part::cut(std::size_t records) {
  auto data_size = size_of(data_.get());
  auto log_size = size_of(log_.get());
  if (!data_size || !log_size) {
    return data_size ? log_size.error() : data_size.error();
  }
  const std::uint64_t log_end = records * kLogRecordSize;
  if (*log_size != log_end) {
    if (::ftruncate(log_.get(), static_cast<off_t>(log_end)) != 0) {
      return system_error("cannot cut the log of " + key_, errno);
    }
    if (auto ok = root_->sync_data(log_.get(), log_name(key_)); !ok) {
      return ok;
    }
  }
  if (*data_size != written_ && ::ftruncate(data_.get(), static_cast<off_t>(written_)) != 0) {
    return system_error("cannot cut " + part_name(key_), errno);
  }
  return {};
}

Result<void> Part::append(ByteView first, ByteView second) {
  if (auto ok = root_->health(); !ok) {
    return ok;
  }
  if (auto ok = write_all(data_.get(), first, second, written_); !ok) {
    return ok;
  }
  crc_ = crc32c(second, crc32c(first, crc_));
  written_ += first.size() + second.size();
  return {};
}

Result<void> Part::checkpoint() {
  if (auto ok = root_->health(); !ok) {
    return ok;
  }
  if (written_ == last_.offset) {
    return {};
  }
  if (auto ok = root_->sync_data(data_.get(), part_name(key_)); !ok) {
    return ok;
  }
  LogRecord next;
  next.sequence = last_.sequence + 1;
  next.offset = written_;
  next.data_crc = crc_;
  const auto bytes = encode(next);
  if (auto ok = write_all(log_.get(), bytes, {}, last_.sequence * kLogRecordSize); !ok) {
    return ok;
  }
  if (auto ok = root_->sync_data(log_.get(), log_name(key_)); !ok) {
    return ok;
  }
  last_ = next;
  crc_ = 0;
  return {};
}

Result<void> Part::finish() {
  if (auto ok = checkpoint(); !ok) {
    return ok;
  }
  // Gives back what was reserved beyond the end; the size itself does not change.
  if (::ftruncate(data_.get(), static_cast<off_t>(written_)) != 0) {
    return system_error("cannot trim " + part_name(key_), errno);
  }
  if (auto ok = root_->sync(data_.get(), part_name(key_)); !ok) {
    return ok;
  }
  auto target = root_->folder(Root::Tree::blob, key_, true);
  if (!target) {
    return target.error();
  }
  if (::renameat2(folder_.get(), part_name(key_).c_str(), target->get(), key_.c_str(),
                  RENAME_NOREPLACE) != 0) {
    return system_error("cannot finish " + key_, errno);
  }
  if (auto ok = root_->sync(target->get(), "the folder of " + key_); !ok) {
    return ok;
  }
  if (auto ok = root_->sync(folder_.get(), "the folder of " + key_); !ok) {
    return ok;
  }
  unlink_at(folder_.get(), log_name(key_));  // a log that stays is swept up by the next resume
  return {};
}

Result<void> remove_blob(Root& root, const std::string& key) {
  for (const auto tree : {Root::Tree::up, Root::Tree::blob}) {
    auto folder = root.folder(tree, key, false);
    if (!folder) {
      if (folder.error().code == Errc::not_found) {
        continue;
      }
      return folder.error();
    }
    bool removed = false;
    const bool up = tree == Root::Tree::up;
    for (const std::string& name :
         {up ? part_name(key) : key, up ? log_name(key) : std::string()}) {
      if (name.empty()) {
        continue;
      }
      auto done = unlink_at(folder->get(), name);
      if (!done) {
        return done.error();
      }
      removed |= *done;
    }
    if (removed) {
      if (auto ok = root.sync(folder->get(), "the folder of " + key); !ok) {
        return ok;
      }
    }
  }
  return {};
}

Result<File> open_blob(Root& root, const std::string& key) {
  auto folder = root.folder(Root::Tree::blob, key, false);
  if (!folder) {
    return folder;
  }
  File file(::openat(folder->get(), key.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) {
    return system_error("cannot open the blob " + key, errno);
  }
  return file;
}

}  // namespace ferry::filesystem
