#include "transport.hpp"

#include "address.hpp"

namespace ferry::tcp {

TcpTransport::TcpTransport(Host& host, const config::View& options)
    : host_(host), address_(options.string("address")) {
  options_.backlog = static_cast<int>(options.integer("backlog"));
  options_.reuse_port = options.boolean("reuse_port");
  options_.v6_only = options.boolean("v6_only");
  options_.user_timeout = options.duration("user_timeout");
}

config::Schema TcpTransport::schema() {
  using config::Field;
  using config::Type;
  config::Schema s;
  s.summary = "Plain TCP.";
  s.fields.push_back(Field("address", Type::string, "Where to listen; port 0 takes any free port.")
                         .required_()
                         .example_("127.0.0.1:8080"));
  s.fields.push_back(Field("backlog", Type::integer, "Connections that wait to be accepted.")
                         .default_("4096")
                         .range_(1, 65535));
  s.fields.push_back(Field("reuse_port", Type::boolean,
                           "Every event loop has a listening socket of its own. false: the first "
                           "loop accepts all connections.")
                         .default_("true"));
  s.fields.push_back(
      Field("v6_only", Type::boolean, "[::] takes no IPv4 connections.").default_("false"));
  s.fields.push_back(Field("user_timeout", Type::duration,
                           "A connection ends when the peer acknowledges nothing for this time. 0: "
                           "the kernel's own, about 15 minutes.")
                         .default_("30s")
                         .range_(0, 24 * 3600 * 1000));
  return s;
}

void TcpTransport::validate(const config::View& options, std::vector<config::Problem>& out) {
  if (const auto endpoint = parse_address(options.string("address")); !endpoint) {
    out.emplace_back(options.mark("address"), "address", endpoint.error().detail);
  }
}

Awaitable<Result<void>> TcpTransport::start() {
  const auto endpoint = parse_address(address_);
  if (!endpoint) {
    co_return endpoint.error();
  }
  const std::lock_guard lock(mutex_);
  options_.endpoint = *endpoint;
  bound_ = false;
  co_return Result<void>();
}

Awaitable<Result<void>> TcpTransport::ping() {
  co_return Result<void>();
}

Awaitable<void> TcpTransport::stop() {
  co_return;
}

Result<std::vector<std::unique_ptr<Listener>>> TcpTransport::listen(std::size_t loop) {
  std::vector<std::unique_ptr<Listener>> listeners;
  const std::lock_guard lock(mutex_);
  if (!options_.reuse_port && loop != 0) {
    return listeners;
  }
  auto listener = TcpListener::open(host_.loop(loop), options_, !bound_);
  if (!listener) {
    return listener.error();
  }
  bound_ = true;
  options_.endpoint.port((*listener)->port());  // the others join the port that was found
  listeners.push_back(std::move(*listener));
  return listeners;
}

}  // namespace ferry::tcp
