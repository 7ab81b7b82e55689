#pragma once
#include <ferry/abi.hpp>
#include <ferry/blocking_pool.hpp>
#include <ferry/bytes.hpp>
#include <ferry/config.hpp>
#include <ferry/error.hpp>
#include <ferry/log.hpp>
#include <ferry/metrics.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace ferry {

using Deadline = std::chrono::steady_clock::time_point;
using Millis = std::chrono::milliseconds;

enum class Kind : std::uint32_t { storage = 1, rate_limiter, blob_store, signaling, transport };

/// "storage", "rate_limiter", "blob_store", "signaling", "transport".
FERRY_API std::string_view name_of(Kind kind) noexcept;

/// Services the server lends to one plugin instance. Outlives the instance.
class FERRY_API Host {
 public:
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  virtual ~Host();
  virtual Logger& log() = 0;  ///< tagged with the plugin's kind and name
  virtual Metrics& metrics() = 0;
  virtual std::size_t loops() const = 0;  ///< event loops, one thread each
  virtual boost::asio::any_io_executor loop(std::size_t index) = 0;
  virtual std::size_t this_loop() const = 0;  ///< npos when not on a loop's thread
  virtual BlockingPool& blocking() = 0;
  virtual const std::string& node_id() const = 0;  ///< unique among the nodes of a cluster
};

/// Lifecycle common to all kinds. The host calls, in this order and never concurrently:
///   constructor, start, (calls of the kind, on any loop), drain, stop, destructor.
/// The constructor does no I/O. stop() is called whenever start() was, even if start() failed.
/// All coroutines are resumed on the executor that awaits them. Arguments of coroutines are taken
/// by value, because the call may outlive the caller's temporaries; a span or pointer that must
/// stay valid until completion is said so where it stands.
class FERRY_API Plugin {
 public:
  virtual ~Plugin();
  virtual Awaitable<Result<void>> start() = 0;
  virtual Awaitable<Result<void>> ping() = 0;  ///< readiness: one cheap round trip
  virtual Awaitable<void> drain(Deadline deadline);
  virtual Awaitable<void> stop() = 0;  ///< idempotent; cannot fail
};

class Storage;
class RateLimiter;
class BlobStore;
class Signaling;
class Transport;

template <class T>
constexpr Kind kind_of() {
  if constexpr (std::is_base_of_v<Storage, T>) {
    return Kind::storage;
  } else if constexpr (std::is_base_of_v<RateLimiter, T>) {
    return Kind::rate_limiter;
  } else if constexpr (std::is_base_of_v<BlobStore, T>) {
    return Kind::blob_store;
  } else if constexpr (std::is_base_of_v<Signaling, T>) {
    return Kind::signaling;
  } else {
    static_assert(std::is_base_of_v<Transport, T>, "not a plugin of a known kind");
    return Kind::transport;
  }
}

extern "C" {
/// One kind that a plugin provides.
struct FerryProvider {
  ferry::Kind kind;
  void (*schema)(config::Schema& out);
  void (*validate)(const config::View& options, std::vector<config::Problem>& out);  ///< pure
  Plugin* (*create)(Host& host, const config::View& options, Error& out);            ///< no I/O
};

/// What a shared object exports as `ferry_plugin_manifest`.
struct FerryManifest {
  std::uint32_t struct_size;
  std::uint32_t provider_count;
  const FerryProvider* providers;
  const char* name;
  const char* version;
  const char* summary;
};
}

/// Builds the provider of type T, which needs
///   T(Host&, const config::View& options)
///   static config::Schema schema()
/// and may have
///   static void validate(const config::View&, std::vector<config::Problem>&)   — no I/O
template <class T>
constexpr FerryProvider provide() {
  return FerryProvider{kind_of<T>(), [](config::Schema& out) { out = T::schema(); },
                       [](const config::View& options, std::vector<config::Problem>& out) {
                         if constexpr (requires { T::validate(options, out); }) {
                           T::validate(options, out);
                         }
                       },
                       [](Host& host, const config::View& options, Error& out) -> Plugin* {
                         try {
                           return new T(host, options);
                         } catch (const std::exception& e) {
                           out = Error(Errc::internal, e.what());
                           return nullptr;
                         }
                       }};
}

}  // namespace ferry

/// Defines the exported symbols; use once per plugin, at file scope:
///   FERRY_PLUGIN("memory", "1.0.0", "Everything in one process.",
///                ferry::provide<MemoryStorage>(), ferry::provide<MemoryRateLimiter>())
/// `strings plugin.so | grep FERRY-PLUGIN` shows the stamp.
#define FERRY_PLUGIN(name_, version_, summary_, ...)                                           \
  extern "C" FERRY_API __attribute__((used)) const char ferry_plugin_stamp[] =                 \
      "@(#)FERRY-PLUGIN spi=" FERRY_STR(FERRY_SPI_MAJOR) "." FERRY_STR(                        \
          FERRY_SPI_MINOR) ";name=" name_ ";version=" version_ ";" FERRY_ABI_STRING;           \
  namespace {                                                                                  \
  constexpr ferry::FerryProvider ferry_providers_[] = {__VA_ARGS__};                           \
  }                                                                                            \
  extern "C" FERRY_API __attribute__((used)) const ferry::FerryManifest ferry_plugin_manifest{ \
      sizeof(ferry::FerryManifest),                                                            \
      sizeof(ferry_providers_) / sizeof(ferry_providers_[0]),                                  \
      ferry_providers_,                                                                        \
      name_,                                                                                   \
      version_,                                                                                \
      summary_};
