#pragma once
// What the connections of a server share. Internal to http/.
#include "http/router.hpp"
#include "http/server.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace ferry::http {

class Connection;

/// Metrics of one route on one loop, so that no request looks anything up in the registry twice.
class RouteStats {
 public:
  RouteStats(Metrics& metrics, std::string_view route);

  void record(Method method, unsigned status, double seconds, std::uint64_t received,
              std::uint64_t sent);

 private:
  struct Status {
    Method method;
    unsigned status;
    Counter* count;
  };
  Metrics& metrics_;
  std::string route_;
  Histogram& duration_;
  Counter& received_;
  Counter& sent_;
  std::vector<Status> statuses_;
};

class ServerCore {
 public:
  ServerCore(std::size_t loops, const Router& router, ServerOptions options, Logger& log,
             Metrics& metrics);

  struct Loop {
    std::unordered_set<Connection*> live;
    std::unordered_map<std::string_view, std::unique_ptr<RouteStats>> routes;
  };
  Loop& loop(std::size_t index) { return loops_[index]; }
  /// `route` outlives this: a pattern of the router or a literal.
  RouteStats& stats(std::size_t loop, std::string_view route);

  const Router& router;
  const ServerOptions options;
  Logger& log;
  Metrics& metrics;
  Gauge& inflight;
  Gauge& websockets;
  Counter& parse_errors;
  Counter& timeouts_header;
  Counter& timeouts_body;
  Counter& timeouts_write;
  std::atomic<bool> draining{false};

 private:
  std::vector<Loop> loops_;
};

}  // namespace ferry::http
