#pragma once
// The whole configuration file: the schema of everything but plugin options, and its typed form.
#include "api/admission.hpp"
#include "base/secret.hpp"
#include "config/document.hpp"
#include "net/limits.hpp"
#include "runtime/drain.hpp"
#include "runtime/logging.hpp"
#include "runtime/settings.hpp"
#include "shares/settings.hpp"
#include "transfers/settings.hpp"

#include <ferry/config.hpp>
#include <ferry/plugin.hpp>

#include <string>
#include <vector>

namespace ferry::cli {

/// A plugin named in the file.
struct PluginUse {
  Kind kind = Kind::storage;
  std::string section;          ///< "storage", "listeners[0]"
  std::string plugin;           ///< the name, or an absolute path of a .so
  config::Mark where;           ///< of the name
  const config::Node* options;  ///< checked against the plugin's own schema
};

struct Configuration {
  std::vector<std::string> plugin_dirs;  ///< never empty
  std::vector<PluginUse> plugins;        ///< storage first, listeners last
  std::string web_root;
  Secret master_secret;  ///< empty: made on first start and kept in the storage
  std::string node_id;

  ServerSettings server;
  LogSettings log;
  MetricsSettings metrics;
  DrainSettings drain;
  net::Limits limits;
  transfers::Settings live;
  shares::UploadSettings uploads;
  shares::ShareSettings shares;
  shares::JanitorSettings janitor;
  std::map<std::string, RatePolicy> rate_policies;
  bool limiter_fail_open = true;

  static config::Schema schema();
  /// Checks the static part of the document; what is wrong is added to it. The result is complete
  /// only if the document is ok().
  static Configuration read(config::Document& document);
};

/// Where plugins and the web app lie relative to the running executable, in a build tree and when
/// installed.
std::string default_plugin_dir();
std::string default_web_root();

}  // namespace ferry::cli
