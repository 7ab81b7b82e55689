#include "support/plugins.hpp"

#include "config/document.hpp"

#include <dlfcn.h>
#include <stdexcept>

namespace ferry::test {

std::unique_ptr<Plugin> make_plugin(Kind kind, const std::string& name, Host& host,
                                    const std::string& options) {
  const auto file = std::string(FERRY_PLUGIN_DIR) + "/" + name + ".so";
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw std::runtime_error(dlerror());
  }
  const auto* manifest = static_cast<const FerryManifest*>(dlsym(library, "ferry_plugin_manifest"));
  for (std::uint32_t i = 0; i < manifest->provider_count; ++i) {
    const auto& provider = manifest->providers[i];
    if (provider.kind != kind) {
      continue;
    }
    config::Schema schema;
    provider.schema(schema);
    auto document = config::Document::parse(options, name, config::Sources::of_process());
    const auto& section = document.check(schema);
    if (!document.ok()) {
      throw std::runtime_error(document.report());
    }
    Error error;
    std::unique_ptr<Plugin> plugin(provider.create(host, section, error));
    if (!plugin) {
      throw std::runtime_error(error.detail);
    }
    return plugin;
  }
  throw std::runtime_error(name + " is no " + std::string(name_of(kind)));
}

}  // namespace ferry::test
