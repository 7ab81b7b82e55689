#pragma once
// From a section of the configuration to a running plugin:
//   storage: {plugin: name, options: {…}}
#include "config/document.hpp"
#include "plugin/guard.hpp"
#include "plugin/loader.hpp"

namespace ferry {

/// What a section chose. Valid as long as the document.
struct Choice {
  Kind kind = Kind::storage;
  const LoadedPlugin* plugin = nullptr;
  const FerryProvider* provider = nullptr;
  const config::Section* options = nullptr;
};

/// Loads the plugin that a section names and checks its options with the plugin's schema and its
/// own validate(). Findings go to the document; the choice is complete when there were none.
/// `section`: its path, "storage" or "listeners[0]"; `where`: of the plugin's name.
Choice choose(config::Document& document, const Loader& loader, Kind kind,
              const std::string& section, const std::string& plugin, const config::Mark& where,
              const config::Node& options);

/// The options of one kind of a plugin, as it describes them.
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
