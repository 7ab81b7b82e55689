#include "http/server.hpp"

#include "http/connection.hpp"
#include "http/server_core.hpp"
#include "net/acceptor.hpp"
#include "runtime/spawn.hpp"

namespace ferry::http {
namespace {

constexpr Millis kPoll{20};
constexpr std::chrono::seconds kStop{5};

Counter& timeouts(Metrics& metrics, const char* phase) {
  return metrics.counter("ferry_http_timeouts_total", "Clients that were too slow.",
                         {{"phase", phase}});
}

Awaitable<void> serve(std::shared_ptr<ServerCore> core, net::Stream stream) {
  const auto connection = std::make_shared<Connection>(core, std::move(stream));
  co_await connection->run();
}

}  // namespace

RouteStats::RouteStats(Metrics& metrics, std::string_view route)
    : metrics_(metrics),
      route_(route),
      duration_(metrics.histogram("ferry_http_request_duration_seconds",
                                  "Time from the header to the end of the response.",
                                  {{"route", route_}})),
      received_(metrics.counter("ferry_http_request_bytes_total", "Bytes of request bodies.",
                                {{"route", route_}})),
      sent_(metrics.counter("ferry_http_response_bytes_total", "Bytes of responses.",
                            {{"route", route_}})) {}

void RouteStats::record(Method method, unsigned status, double seconds, std::uint64_t received,
                        std::uint64_t sent) {
  duration_.observe(seconds);
  received_.add(received);
  sent_.add(sent);
  for (const auto& known : statuses_) {
    if (known.method == method && known.status == status) {
      known.count->add();
      return;
    }
  }
  auto& count = metrics_.counter("ferry_http_requests_total", "Requests answered.",
                                 {{"route", route_},
                                  {"method", std::string(name_of(method))},
                                  {"status", std::to_string(status)}});
  statuses_.push_back({method, status, &count});
  count.add();
}

ServerCore::ServerCore(std::size_t loops, const Router& r, ServerOptions o, Logger& l, Metrics& m)
    : router(r),
      options(std::move(o)),
      log(l),
      metrics(m),
      inflight(m.gauge("ferry_http_inflight", "Requests in a handler.")),
      websockets(m.gauge("ferry_websocket_connections", "WebSockets now open.")),
      parse_errors(m.counter("ferry_http_parse_errors_total", "Requests the gate refused.")),
      timeouts_header(timeouts(m, "header")),
      timeouts_body(timeouts(m, "body")),
      timeouts_write(timeouts(m, "write")),
      loops_(loops) {}

RouteStats& ServerCore::stats(std::size_t loop, std::string_view route) {
  auto& slot = loops_[loop].routes[route];
  if (!slot) {
    slot = std::make_unique<RouteStats>(metrics, route);
  }
  return *slot;
}

struct Server::Parts {
  Parts(Loops& l, std::shared_ptr<ServerCore> c) : loops(l), core(std::move(c)) {}

  void on_each_connection(void (Connection::*act)()) const {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      loops.post(i, [c = core, i, act] {
        std::vector<std::shared_ptr<Connection>> all;
        for (auto* connection : c->loop(i).live) {
          all.push_back(connection->shared_from_this());
        }
        for (const auto& connection : all) {
          (connection.get()->*act)();
        }
      });
    }
  }

  Awaitable<bool> wait_empty(Deadline deadline) const {
    while (acceptor->connections() > 0) {
      if (std::chrono::steady_clock::now() >= deadline) {
        co_return false;
      }
      co_await sleep_for(kPoll);
    }
    co_return true;
  }

  Loops& loops;
  std::shared_ptr<ServerCore> core;
  std::shared_ptr<net::Acceptor> acceptor;
  std::vector<Transport*> transports;
};

Server::Server(Loops& loops, const Router& router, ServerOptions options, Logger& log,
               Metrics& metrics) {
  auto core = std::make_shared<ServerCore>(loops.size(), router, std::move(options), log, metrics);
  parts_ = std::make_unique<Parts>(loops, core);
  parts_->acceptor = std::make_shared<net::Acceptor>(
      loops, core->options.limits, core->options.trusted_proxies,
      [core](net::Stream stream) { return serve(core, std::move(stream)); }, log, metrics);
}

Server::~Server() {
  if (parts_->acceptor) {
    parts_->acceptor->close();
  }
}

void Server::add(Transport& transport) {
  parts_->transports.push_back(&transport);
}

Awaitable<Result<void>> Server::start() {
  for (auto* transport : parts_->transports) {
    if (auto listening = parts_->acceptor->listen(*transport); !listening) {
      parts_->acceptor->close();
      co_return listening.error();
    }
  }
  for (const auto& endpoint : endpoints()) {
    parts_->core->log.info("listening", {{"endpoint", endpoint}});
  }
  co_return Result<void>();
}

std::vector<std::string> Server::endpoints() const {
  return parts_->acceptor->endpoints();
}

std::uint64_t Server::connections() const {
  return parts_->acceptor->connections();
}

Awaitable<void> Server::drain(Deadline deadline) {
  parts_->core->draining = true;
  parts_->acceptor->close();
  parts_->on_each_connection(&Connection::drain);
  const bool empty = co_await parts_->wait_empty(deadline);
  if (!empty) {
    parts_->core->log.warn("connections were cut at the end of the grace period",
                           {{"connections", connections()}});
  }
}

void Server::hurry() {
  parts_->core->draining = true;
  parts_->acceptor->close();
  parts_->on_each_connection(&Connection::abort);
}

Awaitable<void> Server::stop() {
  hurry();
  const bool empty = co_await parts_->wait_empty(std::chrono::steady_clock::now() + kStop);
  if (!empty) {
    parts_->core->log.error("handlers did not return in time", {{"connections", connections()}});
  }
}

}  // namespace ferry::http
