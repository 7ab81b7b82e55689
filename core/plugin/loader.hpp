#pragma once
#include "plugin/stamp.hpp"

#include <ferry/plugin.hpp>

#include <filesystem>
#include <span>

namespace ferry {

/// A shared object in this process. Lives until the process ends: code of a plugin may be on any
/// stack, so nothing is ever unloaded.
struct LoadedPlugin {
  std::string name;
  std::string version;
  std::string summary;
  std::filesystem::path path;
  Stamp stamp;
  std::span<const FerryProvider> providers;

  /// Null when the plugin does not provide the kind.
  const FerryProvider* find(Kind kind) const noexcept;
};

/// A file that `ferry plugins` lists; read, not loaded.
struct AvailablePlugin {
  std::string name;  ///< of the file, without ".so"
  std::filesystem::path path;
  std::optional<Stamp> stamp;
  std::string problem;  ///< why it would be refused; empty when it fits
};

class Loader {
 public:
  /// Folders are searched in this order.
  explicit Loader(const std::vector<std::string>& folders)
      : folders_(folders.begin(), folders.end()) {}

  /// `name`: "x" for <folder>/x.so, or an absolute path. A plugin that is already in the
  /// process is handed out again. The error's detail is a sentence for the operator.
  Result<const LoadedPlugin*> load(const std::string& name) const;

  /// All *.so files, folder by folder and sorted there; of equal names load() finds the first.
  std::vector<AvailablePlugin> available() const;

  const std::vector<std::filesystem::path>& folders() const noexcept { return folders_; }

 private:
  Result<std::filesystem::path> locate(const std::string& name) const;

  std::vector<std::filesystem::path> folders_;
};

}  // namespace ferry
