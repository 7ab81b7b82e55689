#pragma once
#include "http/router.hpp"
#include "net/address.hpp"
#include "net/limits.hpp"
#include "runtime/loops.hpp"

#include <ferry/transport.hpp>

#include <memory>
#include <string>
#include <vector>

namespace ferry::http {

struct ServerOptions {
  ServerOptions() = default;
  net::Limits limits;
  std::vector<std::string> public_hosts;  ///< empty: any Host
  net::AddressSet trusted_proxies;
};

/// The HTTP/1.1 server: connections of all transports on all loops, answered by one router.
///
///   http::Server server(loops, router, options, log, metrics);
///   server.add(tcp);                    // a started Transport; outlives the server
///   co_await server.start();            // binds; endpoints() then has the real ports
///   …
///   co_await server.drain(deadline);    // SIGTERM: see below
///   co_await server.stop();             // before the server, the router or a transport goes
///
/// The loops must run. start, drain and stop are awaited on any loop, one at a time.
class Server {
 public:
  Server(Loops& loops, const Router& router, ServerOptions options, Logger& log, Metrics& metrics);
  ~Server();

  void add(Transport& transport);
  Awaitable<Result<void>> start();
  std::vector<std::string> endpoints() const;

  /// Refuses new connections, closes idle ones, answers what is under way with
  /// `Connection: close`, closes WebSockets with 1012 behind what is queued for them, and waits
  /// until everything is gone, at most until `deadline`.
  Awaitable<void> drain(Deadline deadline);
  /// Makes a waiting drain() return soon by breaking every connection. From any thread.
  void hurry();
  /// hurry(), and waits until every handler has returned, at most 5 s.
  Awaitable<void> stop();

  std::uint64_t connections() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ferry::http
