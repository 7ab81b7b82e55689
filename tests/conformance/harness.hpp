#pragma once
// What every case stands on: event loops, a plugin instance made from the configuration, and
// coroutines that run on those loops while the test's own thread waits.
#include "plugin/loader.hpp"

#include <ferry/plugin.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ferry::conformance {

struct Settings {
  std::filesystem::path plugin;
  std::filesystem::path config;  ///< empty: every option has its default
  std::size_t loops = 2;
};

/// Loads the plugin and keeps the settings for all rigs; the text says why not. Once per process.
std::optional<std::string> load(Settings settings);
const LoadedPlugin& plugin_under_test();

/// Loops, pool and the instances of one case. Made and destroyed on the test's thread.
class Rig {
 public:
  explicit Rig(Kind kind);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  /// Runs on loop 0 until done; a body that takes too long or throws fails the test.
  void run(Awaitable<void> body);

  Host& host();
  Plugin& plugin();  ///< the first instance
  const std::filesystem::path& folder() const noexcept;

  // On loop 0:
  Awaitable<bool> start();    ///< makes and starts an instance; failures are reported to the test
  Awaitable<void> restart();  ///< ends the first instance and starts another on the same options
  /// An instance beside the first. `section`: of the options, "options" unless the kind has more;
  /// `endpoint` replaces ${endpoint}. Nothing when the configuration has no such section.
  Awaitable<Plugin*> another(std::string section = "options", std::string endpoint = {});
  bool has_section(const std::string& section) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Runs `work(i)` for i < n at the same time, the i-th on loop i % loops; back when all are done.
Awaitable<void> in_parallel(Host& host, std::size_t n,
                            std::function<Awaitable<void>(std::size_t)> work);

/// Runs `work` on a loop and comes back.
Awaitable<void> on_loop(Host& host, std::size_t loop, std::function<Awaitable<void>()> work);

/// Looks every millisecond until `done` or 10 seconds have passed; says which.
Awaitable<bool> eventually(std::function<bool()> done);

/// A name nobody used before: a-z, 16 letters after the prefix.
std::string unique(std::string_view prefix);

/// Bytes that look random and depend on `seed` only.
Bytes pattern(std::size_t size, std::uint32_t seed = 1);

/// "code: detail" for messages.
std::string describe(const Error& error);

}  // namespace ferry::conformance

/// Ends the coroutine with a failure unless `result` holds a value.
#define REQUIRE_OK(result)                                                           \
  if (!(result)) {                                                                   \
    ADD_FAILURE() << #result ": " << ferry::conformance::describe((result).error()); \
    co_return;                                                                       \
  }

/// Ends the coroutine with a failure unless the condition holds.
#define REQUIRE(condition)                  \
  if (!(condition)) {                       \
    ADD_FAILURE() << "not so: " #condition; \
    co_return;                              \
  }

/// Checks that `result` failed with this Errc.
#define EXPECT_ERRC(result, errc)                                          \
  if (result) {                                                            \
    ADD_FAILURE() << #result " worked, expected " << ferry::name_of(errc); \
  } else                                                                   \
    EXPECT_EQ(ferry::name_of((result).error().code), ferry::name_of(errc)) \
        << (result).error().detail
