#include "cli/configuration.hpp"

#include "base/crypto.hpp"

#include <filesystem>
#include <unistd.h>

namespace ferry::cli {
namespace {

using config::Field;
using config::Schema;
using config::Type;

Schema plugin_section() {
  Schema s;
  s.fields.push_back(
      Field("plugin", Type::string, "Name of the plugin, or an absolute path to its file.")
          .required_());
  s.fields.push_back(Field("options", Type::object, "Options of the plugin."));
  return s;
}

// A section that lacks its plugin was reported by its schema already.
Choice chosen(config::Document& document, const Loader& loader, Kind kind, const std::string& path,
              const config::Section& section) {
  if (section.string("plugin").empty()) {
    return {};
  }
  return choose(document, loader, kind, path, section.string("plugin"), section.mark("plugin"),
                section.raw("options"));
}

Schema server_section() {
  Schema s = ServerSettings::schema();
  s.fields.push_back(Field("node_id", Type::string,
                           "Name of this node, unique in a cluster; absent makes a random one."));
  s.fields.push_back(
      Field("master_secret", Type::secret,
            "At least 32 characters from which all token keys are derived; the same on all nodes. "
            "Absent: made on the first start and kept in the storage.")
          .example_("${file:/run/secrets/ferry}"));
  return s;
}

Schema web_section() {
  Schema s;
  s.summary = "The web app.";
  s.fields.push_back(Field("root", Type::path,
                           "Folder of the built web app; absent: the one that belongs to the "
                           "executable."));
  return s;
}

std::filesystem::path executable_dir() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

std::string first_existing(const std::vector<std::filesystem::path>& candidates) {
  std::error_code ignored;
  for (const auto& path : candidates) {
    if (std::filesystem::is_directory(path, ignored)) {
      return path.lexically_normal().string();
    }
  }
  return candidates.front().lexically_normal().string();
}

}  // namespace

Loader loader_for(const config::Section& root) {
  auto folders = root.strings("plugin_dirs");
  if (folders.empty()) {
    folders.push_back(default_plugin_dir());
  }
  return Loader(folders);
}

std::string default_plugin_dir() {
  const auto dir = executable_dir();
  return first_existing({dir / "plugins", dir / "../lib/ferry/plugins"});
}

std::string default_web_root() {
  const auto dir = executable_dir();
  return first_existing({dir / "../../web/dist", dir / "../share/ferry/web"});
}

Schema Configuration::schema() {
  Schema s;
  s.summary = "Configuration of a Ferry node.";
  auto& f = s.fields;
  const auto section = [&f](std::string name, Schema children, std::string doc) {
    f.push_back(
        Field(std::move(name), Type::object, std::move(doc)).children_(std::move(children)));
  };
  f.push_back(Field("plugin_dirs", Type::list,
                    "Folders in which plugins are looked up by name; absent: the one that belongs "
                    "to the executable.")
                  .element_(Type::path));
  f.push_back(Field("listeners", Type::list, "Where clients connect: one transport plugin each.")
                  .required_()
                  .children_(plugin_section()));
  for (const Kind kind : {Kind::storage, Kind::blob_store, Kind::rate_limiter, Kind::signaling}) {
    const std::string name(name_of(kind));
    f.push_back(Field(name, Type::object, "The " + name + " plugin.")
                    .required_()
                    .children_(plugin_section()));
  }
  section("server", server_section(), "The node: threads, names, proxies.");
  section("web", web_section(), "The web app.");
  section("live", transfers::Settings::schema(), "Live transfers.");
  section("uploads", shares::UploadSettings::schema(), "Uploads.");
  section("shares", shares::ShareSettings::schema(), "Shares.");
  section("janitor", shares::JanitorSettings::schema(), "Removal of what has expired.");
  section("rate_limits", api::Admission::schema(), "Rate limits.");
  section("limits", net::Limits::schema(), "Limits of connections and requests.");
  section("drain", DrainSettings::schema(), "Leaving service on SIGTERM.");
  section("log", LogSettings::schema(), "The log.");
  section("metrics", MetricsSettings::schema(), "Prometheus metrics.");
  return s;
}

Configuration Configuration::read(config::Document& document) {
  Configuration out;
  const config::Section& root = document.check(schema());
  const Loader loader = loader_for(root);
  const auto one = [&](Kind kind) {
    const std::string name(name_of(kind));
    return root.has(name) ? chosen(document, loader, kind, name, root.section(name)) : Choice{};
  };
  out.storage = one(Kind::storage);
  out.blob_store = one(Kind::blob_store);
  out.rate_limiter = one(Kind::rate_limiter);
  out.signaling = one(Kind::signaling);
  const auto listeners = root.sections("listeners");
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    out.listeners.push_back(chosen(document, loader, Kind::transport,
                                   "listeners[" + std::to_string(i) + "]", *listeners[i]));
  }
  if (root.has("listeners") && listeners.empty()) {
    document.add({root.mark("listeners"), "listeners", "name at least one listener"});
  }

  const config::Section& server = root.section("server");
  out.master_secret = Secret(server.string("master_secret"));
  if (!out.master_secret.empty() && out.master_secret.reveal().size() < 32) {
    document.add({server.mark("master_secret"), "server.master_secret",
                  "needs at least 32 characters; `openssl rand -base64 32` makes some"});
  }
  out.node_id = server.string("node_id");
  if (out.node_id.empty()) {
    out.node_id = random_id().substr(0, 8);
  }
  const config::Section& web = root.section("web");
  out.web_root = web.string("root");
  if (out.web_root.empty()) {
    out.web_root = default_web_root();
  }
  if (std::error_code missing; !std::filesystem::exists(out.web_root + "/index.html", missing)) {
    document.add({web.mark("root"), "web.root",
                  "there is no built web app in " + out.web_root +
                      " (no index.html); `npm run build` in web/ makes it"});
  }

  std::vector<config::Problem> problems;
  const config::View& live = root.section("live");
  transfers::Settings::validate(live, problems);
  for (auto& problem : problems) {
    document.add(std::move(problem));
  }
  if (!document.ok()) {
    return out;
  }
  out.server = ServerSettings::from(server);
  out.log = LogSettings::from(root.section("log"));
  out.log.node = out.node_id;
  out.metrics = MetricsSettings::from(root.section("metrics"));
  out.drain = DrainSettings::from(root.section("drain"));
  out.limits = net::Limits::from(root.section("limits"));
  out.live = transfers::Settings::read(live);
  out.uploads = shares::UploadSettings::from(root.section("uploads"));
  out.shares = shares::ShareSettings::from(root.section("shares"));
  out.janitor = shares::JanitorSettings::from(root.section("janitor"));
  out.rate_policies = api::Admission::policies(root.section("rate_limits"));
  out.limiter_fail_open = api::Admission::fail_open(root.section("rate_limits"));
  return out;
}

}  // namespace ferry::cli
