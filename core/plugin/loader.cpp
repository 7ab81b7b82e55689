#include "plugin/loader.hpp"

#include "base/nearest.hpp"
#include "plugin/plugin_file.hpp"

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <dlfcn.h>
#include <map>
#include <mutex>

namespace ferry {
namespace {

constexpr std::uint32_t kMaxProviders = 16;

struct Loaded {
  boost::dll::shared_library library;
  LoadedPlugin plugin;
};

// By canonical path. Never destroyed, because destruction would unload.
struct Libraries {
  std::mutex mutex;
  std::map<std::filesystem::path, std::unique_ptr<Loaded>> plugins;
};

Libraries& libraries() {
  static auto* const leaked = new Libraries();
  return *leaked;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

std::string listing(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    out += (out.empty() ? "" : ", ") + text;
  }
  return out;
}

std::string text_of(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

// What the manifest says must be what the stamp promised.
std::optional<std::string> manifest_problem(const FerryManifest& manifest, const Stamp& stamp) {
  if (manifest.struct_size != sizeof(FerryManifest)) {
    return "its manifest has another size than this server's";
  }
  if (text_of(manifest.name) != stamp.get("name") ||
      text_of(manifest.version) != stamp.get("version")) {
    return "its manifest contradicts its stamp";
  }
  if (manifest.providers == nullptr || manifest.provider_count == 0 ||
      manifest.provider_count > kMaxProviders) {
    return "it provides nothing";
  }
  std::vector<Kind> kinds;
  for (std::uint32_t i = 0; i < manifest.provider_count; ++i) {
    const FerryProvider& provider = manifest.providers[i];
    if (provider.kind < Kind::storage || provider.kind > Kind::transport ||
        provider.schema == nullptr || provider.validate == nullptr || provider.create == nullptr) {
      return "one of its providers is not complete";
    }
    if (std::find(kinds.begin(), kinds.end(), provider.kind) != kinds.end()) {
      return "it provides " + std::string(name_of(provider.kind)) + " twice";
    }
    kinds.push_back(provider.kind);
  }
  return std::nullopt;
}

Error refusal(const std::string& name, const std::filesystem::path& path, Errc code,
              const std::string& why) {
  return {code, "plugin '" + name + "' (" + path.string() + ") " + why};
}

// `path` is canonical and its file fits this server.
Result<std::unique_ptr<Loaded>> open(const std::string& name, const std::filesystem::path& path,
                                     Stamp stamp) {
  auto out = std::make_unique<Loaded>();
  std::error_code failed;
  out->library.load(path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local,
                    failed);
  if (failed) {
    // Boost.DLL's code says only "bad file descriptor".
    const char* const reason = ::dlerror();
    return refusal(name, path, Errc::corrupt,
                   "cannot be loaded: " + (reason == nullptr ? failed.message() : reason));
  }
  if (!out->library.has("ferry_plugin_manifest")) {
    return refusal(name, path, Errc::invalid_argument,
                   "cannot be used: it does not export ferry_plugin_manifest");
  }
  const auto& manifest = out->library.get<const FerryManifest>("ferry_plugin_manifest");
  if (auto problem = manifest_problem(manifest, stamp)) {
    return refusal(name, path, Errc::invalid_argument, "cannot be used: " + *problem);
  }
  LoadedPlugin& plugin = out->plugin;
  plugin.name = text_of(manifest.name);
  plugin.version = text_of(manifest.version);
  plugin.summary = text_of(manifest.summary);
  plugin.path = path;
  plugin.stamp = std::move(stamp);
  plugin.providers = {manifest.providers, manifest.provider_count};
  return out;
}

}  // namespace

const FerryProvider* LoadedPlugin::find(Kind kind) const noexcept {
  for (const FerryProvider& provider : providers) {
    if (provider.kind == kind) {
      return &provider;
    }
  }
  return nullptr;
}

Result<std::filesystem::path> Loader::locate(const std::string& name) const {
  if (std::filesystem::path(name).is_absolute()) {
    return std::filesystem::path(name);
  }
  if (!is_plain_name(name)) {
    return Error(Errc::invalid_argument, "'" + name +
                                             "' does not name a plugin: write the name of its file "
                                             "without .so, or an absolute path");
  }
  std::vector<std::string> searched;
  for (const std::filesystem::path& folder : folders_) {
    const std::filesystem::path candidate = folder / (name + ".so");
    std::error_code error;
    if (std::filesystem::exists(candidate, error)) {
      return candidate;
    }
    searched.push_back(candidate.string());
  }
  std::vector<std::string> known;
  for (const AvailablePlugin& plugin : available()) {
    known.push_back(plugin.name);
  }
  std::string text = "there is no plugin '" + name + "'";
  if (const std::string near = nearest(name, known); !near.empty()) {
    text += "; did you mean '" + near + "'?";
  }
  text += known.empty() ? " (no plugins are installed" : " (installed: " + listing(known);
  text += "; searched: " + (searched.empty() ? "no folder is configured" : listing(searched)) + ")";
  return Error(Errc::not_found, std::move(text));
}

Result<const LoadedPlugin*> Loader::load(const std::string& name) const {
  const auto located = locate(name);
  if (!located) {
    return located.error();
  }
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(*located, error);
  if (error) {
    return refusal(name, *located, Errc::not_found, "cannot be opened: " + error.message());
  }
  Libraries& known = libraries();
  const std::lock_guard lock(known.mutex);
  if (const auto found = known.plugins.find(path); found != known.plugins.end()) {
    return &found->second->plugin;
  }
  auto stamp = inspect_plugin_file(path);
  if (!stamp) {
    return refusal(name, path, stamp.error().code, stamp.error().detail);
  }
  // The file's name is what people write in the configuration.
  const std::string_view given = stamp->get("name");
  if (!std::filesystem::path(name).is_absolute() && given != name) {
    return refusal(name, path, Errc::invalid_argument,
                   "says that its name is '" + std::string(given) + "'; rename the file to " +
                       std::string(given) + ".so");
  }
  auto opened = open(name, path, std::move(*stamp));
  if (!opened) {
    return opened.error();
  }
  return &known.plugins.emplace(path, std::move(*opened)).first->second->plugin;
}

std::vector<AvailablePlugin> Loader::available() const {
  std::vector<AvailablePlugin> out;
  for (const std::filesystem::path& folder : folders_) {
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
      if (at->path().extension() == ".so") {
        files.push_back(at->path());
      }
    }
    std::sort(files.begin(), files.end());
    for (const std::filesystem::path& file : files) {
      AvailablePlugin plugin;
      plugin.name = file.stem().string();
      plugin.path = file;
      if (auto stamp = inspect_plugin_file(file)) {
        plugin.stamp = std::move(*stamp);
      } else {
        plugin.problem = stamp.error().detail;
        plugin.stamp = read_stamp(file);
      }
      out.push_back(std::move(plugin));
    }
  }
  return out;
}

}  // namespace ferry
