#pragma once
// The whole configuration file: its schema and its typed form.
#include "api/admission.hpp"
#include "base/secret.hpp"
#include "config/document.hpp"
#include "net/limits.hpp"
#include "plugin/instance.hpp"
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

/// What the file says, ready to be built. Refers into the document it was read from.
struct Configuration {
  Choice storage;
  Choice blob_store;
  Choice rate_limiter;
  Choice signaling;
  std::vector<Choice> listeners;
  std::string web_root;
  Secret master_secret;  ///< empty: made on the first start and kept in the storage
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

  /// Of everything but plugin options.
  static config::Schema schema();
  /// Checks the whole document, loading the plugins that it names. What is wrong is added to the
  /// document; the result is complete only if the document is ok().
  static Configuration read(config::Document& document);
};

/// Where plugins are looked up for this document.
Loader loader_for(const config::Section& root);

// Relative to the running executable, in a build tree and when installed.
std::string default_plugin_dir();
std::string default_web_root();

}  // namespace ferry::cli
