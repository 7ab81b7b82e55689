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

template <class T>
std::unique_ptr<T> Node::load(const std::string& section) {
  const Loader loader({FERRY_PLUGIN_DIR});
  config::Schema of_section;
  of_section.fields.push_back(config::Field("plugin", config::Type::string, "").required_());
  of_section.fields.push_back(config::Field("options", config::Type::object, ""));
  config::Schema schema;
  for (const auto* name : {"storage", "blob_store"}) {
    schema.fields.push_back(config::Field(name, config::Type::object, "").children_(of_section));
  }
  const auto& chosen = document_->check(schema).section(section);
  const auto choice = choose(*document_, loader, kind_of<T>(), section, chosen.string("plugin"),
                             chosen.mark("plugin"), chosen.raw("options"));
  if (!document_->ok()) {
    throw std::runtime_error(document_->report());
  }
  auto plugin = create<T>(choice, host_);
  if (!plugin) {
    throw std::runtime_error(plugin.error().detail);
  }
  if (const auto started = await((*plugin)->start()); !started) {
    throw std::runtime_error(started.error().detail);
  }
  return std::move(*plugin);
}

Node::Node() {
  const auto text =
      "storage: {plugin: memory}\n"
      "blob_store: {plugin: filesystem, options: {durability: none, min_free: 0, path: \"" +
      (dir_.path() / "blobs").string() + "\"}}\n";
  document_ = std::make_unique<config::Document>(
      config::Document::parse(text, "test.yaml", config::Sources::of_process()));
  loops_.start();
  storage_ = load<Storage>("storage");
  blobs_ = load<BlobStore>("blob_store");
}

Node::~Node() {
  await(blobs_->stop());
  await(storage_->stop());
  loops_.stop();
  pool_.stop();
}

}  // namespace ferry::test
