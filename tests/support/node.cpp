#include "support/node.hpp"

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

Node::Node() {
  loops_.start();
  storage_ = make_plugin<Storage>("memory", host_, "{}");
  blobs_ = make_plugin<BlobStore>(
      "filesystem", host_,
      "{path: \"" + (dir_.path() / "blobs").string() + "\", durability: none, min_free: 0}");
  for (Plugin* plugin :
       {static_cast<Plugin*>(storage_.get()), static_cast<Plugin*>(blobs_.get())}) {
    if (const auto started = await(plugin->start()); !started) {
      throw std::runtime_error(started.error().detail);
    }
  }
}

Node::~Node() {
  await(blobs_->stop());
  await(storage_->stop());
  loops_.stop();
  pool_.stop();
}

}  // namespace ferry::test
