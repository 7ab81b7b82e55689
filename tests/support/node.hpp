#pragma once
// A node in miniature: the real loops and blocking pool, with storage and blob store plugins as
// they are built, on a folder of its own.
#include "config/document.hpp"
#include "plugin/instance.hpp"
#include "runtime/blocking_threads.hpp"
#include "runtime/logging.hpp"
#include "runtime/loops.hpp"
#include "runtime/metrics.hpp"
#include "runtime/plugin_host.hpp"

#include <ferry/blob_store.hpp>
#include <ferry/rate_limiter.hpp>
#include <ferry/storage.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace ferry::test {

/// A folder that vanishes with the object.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  const std::filesystem::path& path() const { return path_; }
  /// Regular files below `folder`; 0 when it does not exist.
  std::size_t files(const std::string& folder) const;

 private:
  std::filesystem::path path_;
};

class Node {
 public:
  Node();
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Storage& storage() { return *storage_; }
  BlobStore& blobs() { return *blobs_; }
  RateLimiter& limiter() { return *limiter_; }
  Registry& metrics() { return metrics_; }
  Logger& log() { return *log_; }
  const TempDir& dir() const { return dir_; }
  boost::asio::any_io_executor executor(std::size_t loop = 0) { return loops_.executor(loop); }

  /// Runs a coroutine on a loop and waits for it.
  template <class T>
  T await(Awaitable<T> coroutine, std::size_t loop = 0) {
    return start(std::move(coroutine), loop).get();
  }
  template <class T>
  std::future<T> start(Awaitable<T> coroutine, std::size_t loop = 0) {
    return boost::asio::co_spawn(executor(loop), std::move(coroutine), boost::asio::use_future);
  }

 private:
  template <class T>
  std::unique_ptr<T> load(const std::string& plugin, const std::string& options);

  TempDir dir_;
  std::unique_ptr<Logger> log_ = make_logger();
  Registry metrics_;
  Loops loops_{2};
  BlockingThreads pool_{2};
  PluginHost host_{loops_, pool_, metrics_, make_logger(), "test"};
  std::vector<std::unique_ptr<config::Document>> documents_;  // plugins refer to their options
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<RateLimiter> limiter_;
};

}  // namespace ferry::test
