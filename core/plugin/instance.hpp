#pragma once
// From a section of the configuration to a running plugin:
//   storage: {plugin: sqlite, options: {path: …}}
#include "config/document.hpp"
#include "plugin/guard.hpp"
#include "plugin/loader.hpp"

namespace ferry {

/// The fields of such a section. `plugin_default`: used when `plugin` is not written; empty: it is
/// required.
config::Schema plugin_section(const std::string& plugin_default = "");

/// What a section chose. Valid as long as the document.
struct Choice {
  Kind kind = Kind::storage;
  const LoadedPlugin* plugin = nullptr;
  const FerryProvider* provider = nullptr;
  const config::Section* options = nullptr;
};

/// Loads the plugin that `section` names and checks its options with the plugin's schema and its
/// own validate(). Findings go to the document; the choice is complete when there were none.
/// `path`: of the section, "storage".
Choice choose(config::Document& document, const Loader& loader, const config::Section& section,
              const std::string& path, Kind kind);

/// The options of one kind of a plugin; empty with a reason when the plugin throws.
Result<config::Schema> schema_of(const LoadedPlugin& plugin, const FerryProvider& provider);

/// Constructs the plugin of a complete choice and guards it. `host` and the document outlive it.
template <class T>
Result<std::unique_ptr<T>> create(const Choice& choice, Host& host);

extern template Result<std::unique_ptr<Storage>> create<Storage>(const Choice&, Host&);
extern template Result<std::unique_ptr<RateLimiter>> create<RateLimiter>(const Choice&, Host&);
extern template Result<std::unique_ptr<BlobStore>> create<BlobStore>(const Choice&, Host&);
extern template Result<std::unique_ptr<Signaling>> create<Signaling>(const Choice&, Host&);
extern template Result<std::unique_ptr<Transport>> create<Transport>(const Choice&, Host&);

}  // namespace ferry
