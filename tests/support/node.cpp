#include "support/node.hpp"

#include "support/paths.hpp"

#include <stdexcept>
#include <stdlib.h>

namespace ferry::test {

TempDir::TempDir() {
  auto name = (std::filesystem::temp_directory_path() / "ferry-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("no temporary folder");
  }
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::size_t TempDir::files(const std::string& folder) const {
  std::size_t count = 0;
  std::error_code missing;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_ / folder, missing)) {
    count += entry.is_regular_file() ? 1 : 0;
  }
  return count;
}

template <class T>
std::unique_ptr<T> Node::load(const std::string& plugin, const std::string& options) {
  auto& document = documents_.emplace_back(std::make_unique<config::Document>(
      config::Document::parse(options, "test.yaml", config::Sources::of_process())));
  const Loader loader({test::plugin_dir()});
  const auto choice = choose(*document, loader, kind_of<T>(), "test", plugin, {}, document->root());
  if (!document->ok()) {
    throw std::runtime_error(document->report());
  }
  auto made = create<T>(choice, host_);
  if (!made) {
    throw std::runtime_error(made.error().detail);
  }
  if (const auto started = await((*made)->start()); !started) {
    throw std::runtime_error(started.error().detail);
  }
  return std::move(*made);
}

Node::Node() {
  loops_.start();
  storage_ = load<Storage>("memory", "{}");
  blobs_ = load<BlobStore>("filesystem", "{durability: none, min_free: 0, path: \"" +
                                             (dir_.path() / "blobs").string() + "\"}");
  limiter_ = load<RateLimiter>("memory", "{}");
}

Node::~Node() {
  await(limiter_->stop());
  await(blobs_->stop());
  await(storage_->stop());
  loops_.stop();
  pool_.stop();
}

}  // namespace ferry::test
