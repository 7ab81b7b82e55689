#include "harness.hpp"

#include "config/document.hpp"
#include "plugin/loader.hpp"
#include "runtime/blocking_threads.hpp"
#include "runtime/logging.hpp"
#include "runtime/loops.hpp"
#include "runtime/metrics.hpp"
#include "runtime/plugin_host.hpp"
#include "runtime/spawn.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <sstream>
#include <stdlib.h>

namespace ferry::conformance {
namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::seconds kCaseDeadline{60};

Settings settings;
std::string config_text;
const LoadedPlugin* loaded = nullptr;

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

fs::path make_folder() {
  std::string name = (fs::temp_directory_path() / "ferry-conformance-XXXXXX").string();
  if (!::mkdtemp(name.data())) {
    throw std::runtime_error("cannot create a folder in " + fs::temp_directory_path().string());
  }
  return name;
}

config::Schema file_schema() {
  config::Schema root;
  root.summary = "Options of the plugin under test, one section per kind.";
  for (const Kind kind :
       {Kind::storage, Kind::rate_limiter, Kind::blob_store, Kind::signaling, Kind::transport}) {
    config::Schema section;
    for (const char* name : {"options", "occupied_options"}) {
      section.fields.emplace_back(name, config::Type::object, "Options of the plugin.");
    }
    root.fields.push_back(
        config::Field(std::string(name_of(kind)), config::Type::object, "One kind.")
            .children_(std::move(section)));
  }
  return root;
}

}  // namespace

std::optional<std::string> load(Settings s) {
  settings = std::move(s);
  if (!settings.config.empty()) {
    std::ifstream file(settings.config, std::ios::binary);
    if (!file) {
      return "cannot read " + settings.config.string();
    }
    config_text.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto path = fs::absolute(settings.plugin);
  const auto plugin = Loader({path.parent_path().string()}).load(path.string());
  if (!plugin) {
    return plugin.error().detail;
  }
  loaded = *plugin;
  return std::nullopt;
}

const LoadedPlugin& plugin_under_test() {
  return *loaded;
}

struct Rig::Parts {
  explicit Parts(Kind k) : kind(k), loops(settings.loops) {}

  Result<std::unique_ptr<Plugin>> make(const std::string& section, const std::string& endpoint) {
    std::string text = config_text;
    replace_all(text, "${tmp}", folder.string());
    replace_all(text, "${endpoint}", endpoint);
    documents.push_back(std::make_unique<config::Document>(
        config::Document::parse(text, settings.config.string(), config::Sources::of_process())));
    auto& document = *documents.back();
    const auto& provider = *loaded->find(kind);
    config::Schema schema;
    provider.schema(schema);
    const std::string name(name_of(kind));
    const auto& options = document.check(document.check(file_schema()).section(name).raw(section),
                                         schema, name + "." + section);
    if (document.ok()) {
      std::vector<config::Problem> problems;
      provider.validate(options, problems);
      for (auto& problem : problems) {
        document.add(std::move(problem));
      }
    }
    if (!document.ok()) {
      return Error(Errc::invalid_argument, document.report());
    }
    Error error;
    std::unique_ptr<Plugin> plugin(provider.create(host, options, error));
    if (!plugin) {
      return error;
    }
    return plugin;
  }

  Awaitable<void> end(std::unique_ptr<Plugin> plugin) {
    co_await plugin->drain(std::chrono::steady_clock::now() + std::chrono::seconds(5));
    co_await plugin->stop();
  }

  Kind kind;
  fs::path folder = make_folder();
  Registry metrics;
  Loops loops;
  BlockingThreads pool{4};
  PluginHost host{loops, pool, metrics, make_logger(), "conformance"};
  std::vector<std::unique_ptr<config::Document>> documents;  // views live in them
  std::vector<std::unique_ptr<Plugin>> plugins;
  bool stuck = false;
};

Rig::Rig(Kind kind) : parts_(std::make_unique<Parts>(kind)) {
  parts_->loops.start();
}

Rig::~Rig() {
  if (!parts_->stuck && !parts_->plugins.empty()) {
    run([](Parts& parts) -> Awaitable<void> {
      while (!parts.plugins.empty()) {
        auto plugin = std::move(parts.plugins.back());
        parts.plugins.pop_back();
        co_await parts.end(std::move(plugin));
      }
    }(*parts_));
  }
  parts_->loops.stop();
  std::error_code ignored;
  fs::remove_all(parts_->folder, ignored);
  if (parts_->stuck) {
    // Coroutines that never ended still refer to the instances: they stay until the process ends.
    static_cast<void>(parts_.release());
    return;
  }
  parts_->pool.stop();
}

void Rig::run(Awaitable<void> body) {
  std::promise<std::exception_ptr> ended;
  auto future = ended.get_future();
  asio::co_spawn(parts_->loops.executor(0), std::move(body),
                 [&ended](std::exception_ptr e) { ended.set_value(std::move(e)); });
  if (future.wait_for(kCaseDeadline) != std::future_status::ready) {
    ADD_FAILURE() << "not done after " << kCaseDeadline.count() << " seconds";
    parts_->stuck = true;
    parts_->loops.stop();
    return;
  }
  if (const auto failure = future.get()) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      ADD_FAILURE() << "an exception left the case: " << e.what();
    }
  }
}

Host& Rig::host() {
  return parts_->host;
}

Plugin& Rig::plugin() {
  return *parts_->plugins.front();
}

const fs::path& Rig::folder() const noexcept {
  return parts_->folder;
}

Awaitable<bool> Rig::start() {
  co_return co_await another() != nullptr;
}

Awaitable<void> Rig::restart() {
  auto plugin = std::move(parts_->plugins.front());
  parts_->plugins.clear();
  co_await parts_->end(std::move(plugin));
  const bool started = co_await start();
  if (!started) {
    throw std::runtime_error("the plugin did not start again");
  }
}

bool Rig::has_section(const std::string& section) const {
  auto document =
      config::Document::parse(config_text, settings.config.string(), config::Sources::of_process());
  const auto* kind = document.root().find(name_of(parts_->kind));
  return kind && kind->value.find(section);
}

Awaitable<Plugin*> Rig::another(std::string section, std::string endpoint) {
  auto plugin = parts_->make(section, endpoint);
  if (!plugin) {
    ADD_FAILURE() << "cannot make the plugin: " << describe(plugin.error());
    co_return nullptr;
  }
  parts_->plugins.push_back(std::move(*plugin));
  Plugin* made = parts_->plugins.back().get();
  const auto started = co_await made->start();
  if (!started) {
    ADD_FAILURE() << "start: " << describe(started.error());
    co_return nullptr;
  }
  co_return made;
}

Awaitable<void> in_parallel(Host& host, std::size_t n,
                            std::function<Awaitable<void>(std::size_t)> work) {
  std::atomic<std::size_t> left{n};
  for (std::size_t i = 0; i < n; ++i) {
    asio::co_spawn(host.loop(i % host.loops()), work(i), [&left](std::exception_ptr e) {
      if (e) {
        ADD_FAILURE() << "an exception left a parallel part of the case";
      }
      --left;
    });
  }
  while (left != 0) {
    co_await sleep_for(Millis(1));
  }
}

Awaitable<void> on_loop(Host& host, std::size_t loop, std::function<Awaitable<void>()> work) {
  co_await asio::co_spawn(host.loop(loop), work(), asio::use_awaitable);
}

Awaitable<bool> eventually(std::function<bool()> done) {
  for (int i = 0; i < 10'000; ++i) {
    if (done()) {
      co_return true;
    }
    co_await sleep_for(Millis(1));
  }
  co_return false;
}

std::string unique(std::string_view prefix) {
  static std::random_device device;
  std::string name(prefix);
  for (int i = 0; i < 16; ++i) {
    name.push_back(static_cast<char>('a' + device() % 26));
  }
  return name;
}

Bytes pattern(std::size_t size, std::uint32_t seed) {
  std::minstd_rand random(seed);
  Bytes bytes(size);
  for (auto& b : bytes) {
    b = static_cast<std::byte>(random() >> 8);
  }
  return bytes;
}

std::string describe(const Error& error) {
  return std::string(name_of(error.code)) + ": " + error.detail;
}

}  // namespace ferry::conformance
