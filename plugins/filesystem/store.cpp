#include "store.hpp"

#include "part.hpp"
#include "reader.hpp"
#include "writer.hpp"

#include <algorithm>
#include <fcntl.h>

namespace ferry::filesystem {

FilesystemBlobStore::FilesystemBlobStore(Host& host, const config::View& options) : host_(host) {
  options_.path = options.string("path");
  options_.durable = options.string("durability") == "strict";
  options_.min_free = options.size("min_free");
  auto& failures = host.metrics().counter("ferry_filesystem_sync_failures_total",
                                          "Failed fsync calls; each ends all writing.");
  options_.on_failure = [&log = host.log(), &failures](const std::string& reason) {
    failures.add();
    log.error("the disk failed: no more uploads until a restart", {{"error", reason}});
  };
}

config::Schema FilesystemBlobStore::schema() {
  using config::Field;
  using config::Type;
  config::Schema s;
  s.summary = "Blobs as files of one folder of this node.";
  s.fields.push_back(
      Field("path", Type::path, "The folder; created when missing, for this user only.")
          .required_()
          .example_("/var/lib/ferry/blobs"));
  s.fields.push_back(Field("durability", Type::string,
                           "strict: an acknowledged byte survives a power cut. none: nothing is "
                           "synced, for tests and measurements only.")
                         .default_("strict")
                         .one_of_({"strict", "none"}));
  s.fields.push_back(Field("min_free", Type::size,
                           "Uploads that would leave less free space on the disk are refused.")
                         .default_("256MiB"));
  return s;
}

void FilesystemBlobStore::validate(const config::View& options, std::vector<config::Problem>& out) {
  if (options.string("path").empty()) {
    out.emplace_back(options.mark("path"), "path", "The path must name a folder.");
  }
}

Awaitable<Result<void>> FilesystemBlobStore::start() {
  auto work = [this]() -> Result<void> {
    auto root = Root::open(options_);
    if (!root) {
      return root.error();
    }
    root_ = std::move(*root);
    return {};
  };
  auto started = co_await host_.blocking().run(std::move(work));
  if (started && !options_.durable) {
    host_.log().warn("durability: none - a crash of this machine loses uploads");
  }
  co_return started;
}

Awaitable<Result<void>> FilesystemBlobStore::ping() {
  co_return root_ ? root_->probe() : Result<void>(Error(Errc::unavailable, "not started"));
}

Awaitable<void> FilesystemBlobStore::stop() {
  root_.reset();
  co_return;
}

BlobCaps FilesystemBlobStore::caps() const {
  BlobCaps caps;
  caps.durable = options_.durable;
  caps.local_file = true;
  return caps;
}

Result<void> FilesystemBlobStore::check(const BlobKey& key) const {
  if (!root_) {
    return Error(Errc::unavailable, "not started");
  }
  if (!is_key(key.value)) {
    return Error(Errc::invalid_argument, "a blob key is 8 to 64 of a-z and 0-9");
  }
  return {};
}

Awaitable<Result<std::unique_ptr<BlobWriter>>> FilesystemBlobStore::create(
    BlobKey key, std::optional<std::uint64_t> size) {
  if (auto ok = check(key); !ok) {
    co_return ok.error();
  }
  auto work = [this, root = root_, key = std::move(key.value),
               size]() -> Result<std::unique_ptr<BlobWriter>> {
    auto part = Part::create(root, key, size);
    if (!part) {
      return part.error();
    }
    return std::make_unique<FileWriter>(host_, std::move(*part));
  };
  co_return co_await host_.blocking().run(std::move(work));
}

Awaitable<Result<std::unique_ptr<BlobWriter>>> FilesystemBlobStore::resume(BlobKey key,
                                                                           std::string token) {
  if (auto ok = check(key); !ok) {
    co_return ok.error();
  }
  const auto promised = parse_token(token);
  if (!promised) {
    co_return promised.error();
  }
  auto work = [this, root = root_, key = std::move(key.value),
               promised = *promised]() -> Result<std::unique_ptr<BlobWriter>> {
    auto part = Part::resume(root, key, promised);
    if (!part) {
      return part.error();
    }
    return std::make_unique<FileWriter>(host_, std::move(*part));
  };
  co_return co_await host_.blocking().run(std::move(work));
}

Awaitable<Result<std::unique_ptr<BlobReader>>> FilesystemBlobStore::open(BlobKey key,
                                                                         ByteRange range) {
  if (auto ok = check(key); !ok) {
    co_return ok.error();
  }
  auto reader = [this, range](File file) -> Result<std::unique_ptr<BlobReader>> {
    const auto size = size_of(file.get());
    if (!size) {
      return size.error();
    }
    if (range.offset > *size) {
      return Error(Errc::invalid_argument, "the range starts beyond the end");
    }
    const std::uint64_t length = std::min(range.length.value_or(*size), *size - range.offset);
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // only a hint
    return std::make_unique<FileReader>(host_, std::move(file), *size, range.offset,
                                        range.offset + length);
  };
  // What was opened lately needs no disk, and no other thread.
  if (auto file = root_->open_cached(key.value)) {
    co_return reader(std::move(file));
  }
  auto work = [reader, root = root_,
               key = std::move(key.value)]() -> Result<std::unique_ptr<BlobReader>> {
    auto file = open_blob(*root, key);
    if (!file) {
      return file.error();
    }
    return reader(std::move(*file));
  };
  co_return co_await host_.blocking().run(std::move(work));
}

Awaitable<Result<BlobInfo>> FilesystemBlobStore::stat(BlobKey key) {
  if (auto ok = check(key); !ok) {
    co_return ok.error();
  }
  auto work = [root = root_, key = std::move(key.value)]() -> Result<BlobInfo> {
    auto file = open_blob(*root, key);
    if (!file) {
      return file.error();
    }
    const auto size = size_of(file->get());
    if (!size) {
      return size.error();
    }
    BlobInfo info;
    info.size = *size;
    return info;
  };
  co_return co_await host_.blocking().run(std::move(work));
}

Awaitable<Result<void>> FilesystemBlobStore::remove(BlobKey key, std::string) {
  if (auto ok = check(key); !ok) {
    co_return ok;
  }
  auto work = [root = root_, key = std::move(key.value)] { return remove_blob(*root, key); };
  co_return co_await host_.blocking().run(std::move(work));
}

}  // namespace ferry::filesystem
