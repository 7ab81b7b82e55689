#include "net/limits.hpp"

#include <algorithm>
#include <sys/resource.h>

namespace ferry::net {
using config::Field;
using config::Type;

config::Schema Limits::schema() {
  config::Schema s;
  s.summary = "What one client may take of the server.";
  s.fields.push_back(Field("connections", Type::integer,
                           "Connections at a time; 0 is 80 % of the file descriptor limit.")
                         .default_("0")
                         .range_(0, 10000000));
  s.fields.push_back(Field("connections_per_address", Type::integer,
                           "Connections at a time from one IPv4 address or IPv6 /64; 0 is no "
                           "limit. Trusted proxies are not counted.")
                         .default_("64")
                         .range_(0, 10000000));
  s.fields.push_back(Field("uncounted", Type::list,
                           "Further networks that connections_per_address does not count; absent "
                           "is this machine (127.0.0.0/8, ::1).")
                         .element_(Type::string)
                         .example_("[127.0.0.0/8, \"::1/128\"]"));
  s.fields.push_back(Field("handshake", Type::duration, "Longest TLS handshake.")
                         .default_("10s")
                         .range_(100, 600000));
  s.fields.push_back(Field("header", Type::duration, "Longest time for a whole request header.")
                         .default_("10s")
                         .range_(100, 600000));
  s.fields.push_back(Field("keep_alive", Type::duration, "Longest pause between requests.")
                         .default_("60s")
                         .range_(100, 3600000));
  s.fields.push_back(
      Field("requests", Type::integer, "Requests per connection.").default_("1000").range_(1, 1e9));
  s.fields.push_back(Field("body_rate", Type::size,
                           "Least bytes per second of a request body; 0 asks for progress only.")
                         .default_("1KiB"));
  s.fields.push_back(Field("body_window", Type::duration, "Time over which body_rate counts.")
                         .default_("30s")
                         .range_(100, 600000));
  s.fields.push_back(Field("stall", Type::duration, "Longest response without progress.")
                         .default_("60s")
                         .range_(100, 3600000));
  s.fields.push_back(Field("websocket_outbox", Type::size,
                           "Bytes queued for a slow WebSocket before it is closed.")
                         .default_("256KiB")
                         .range_(4096, 1 << 30));
  s.fields.push_back(
      Field("websocket_ping", Type::duration, "Time between pings; a peer that misses two is dead.")
          .default_("25s")
          .range_(100, 3600000));
  return s;
}

Limits Limits::from(const config::View& section) {
  const auto count = [&](const char* name) {
    return static_cast<std::uint64_t>(section.integer(name));
  };
  Limits out;
  out.connections = count("connections");
  out.connections_per_address = count("connections_per_address");
  if (section.has("uncounted")) {
    out.uncounted = section.strings("uncounted");
  }
  out.handshake = section.duration("handshake");
  out.header = section.duration("header");
  out.keep_alive = section.duration("keep_alive");
  out.requests = count("requests");
  out.body_rate = section.size("body_rate");
  out.body_window = section.duration("body_window");
  out.stall = section.duration("stall");
  out.websocket_outbox = section.size("websocket_outbox");
  out.websocket_ping = section.duration("websocket_ping");
  return out;
}

std::uint64_t Limits::most_connections() const {
  if (connections != 0) {
    return connections;
  }
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
    return 1024;
  }
  return std::max<std::uint64_t>(16, files.rlim_cur / 5 * 4);
}

}  // namespace ferry::net
