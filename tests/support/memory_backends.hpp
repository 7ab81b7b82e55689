#pragma once
// The real memory plugin on real loops, for tests of what stands above the plugin interfaces.
#include "config/check.hpp"
#include "runtime/blocking_threads.hpp"
#include "runtime/logging.hpp"
#include "runtime/loops.hpp"
#include "runtime/metrics.hpp"
#include "runtime/plugin_host.hpp"
#include "support/paths.hpp"

#include <ferry/rate_limiter.hpp>
#include <ferry/signaling.hpp>
#include <ferry/storage.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <dlfcn.h>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ferry::testing {

class MemoryBackends {
 public:
  explicit MemoryBackends(std::size_t loop_count = 2)
      : loops(loop_count),
        blocking(1),
        host(loops, blocking, metrics, make_logger(), "test-node"),
        log(make_logger()) {
    const std::string file = test::plugin_dir() + "/memory.so";
    void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      throw std::runtime_error(dlerror());
    }
    manifest_ = static_cast<const FerryManifest*>(dlsym(library, "ferry_plugin_manifest"));
    storage = make<Storage>();
    signaling = make<Signaling>();
    limiter = make<RateLimiter>();
    loops.start();
  }
  ~MemoryBackends() { loops.stop(); }

  /// Runs a coroutine on a loop and hands out its result.
  template <class T>
  T run(Awaitable<T> coroutine, std::size_t loop = 0) {
    return boost::asio::co_spawn(loops.executor(loop), std::move(coroutine),
                                 boost::asio::use_future)
        .get();
  }

  Registry metrics;
  Loops loops;
  BlockingThreads blocking;
  PluginHost host;
  std::unique_ptr<Logger> log;
  std::unique_ptr<Storage> storage;
  std::unique_ptr<Signaling> signaling;
  std::unique_ptr<RateLimiter> limiter;

 private:
  template <class T>
  std::unique_ptr<T> make() {
    for (const auto& provider : std::span(manifest_->providers, manifest_->provider_count)) {
      if (provider.kind != kind_of<T>()) {
        continue;
      }
      config::Schema schema;
      provider.schema(schema);
      config::Node empty;
      empty.kind = config::Node::Kind::map;
      std::vector<config::Problem> problems;
      const auto options = config::check(empty, schema, "options", problems);
      Error error;
      Plugin* const made = provider.create(host, *options, error);
      if (!problems.empty() || made == nullptr) {
        throw std::runtime_error("memory plugin: " + error.detail);
      }
      return std::unique_ptr<T>(static_cast<T*>(made));
    }
    throw std::runtime_error("the memory plugin does not provide this kind");
  }

  const FerryManifest* manifest_ = nullptr;
};

}  // namespace ferry::testing
