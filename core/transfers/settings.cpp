#include "transfers/settings.hpp"

namespace ferry::transfers {
namespace {

using config::Field;
using config::Type;

constexpr double kDay = 24.0 * 60 * 60 * 1000;

config::Schema ice_server_schema() {
  config::Schema s;
  s.summary = "One STUN or TURN server.";
  s.fields.push_back(Field("urls", Type::list, "URLs of the server.")
                         .required_()
                         .element_(Type::string)
                         .example_("[\"stun:stun.example.org:3478\"]"));
  s.fields.push_back(Field("username", Type::string, "User name, for TURN."));
  s.fields.push_back(Field("credential", Type::secret, "Password, for TURN."));
  return s;
}

config::Schema turn_schema() {
  config::Schema s;
  s.summary = "Short-lived TURN credentials.";
  s.fields.push_back(Field("secret", Type::secret,
                           "The static-auth-secret of the TURN server; empty turns this off."));
  s.fields.push_back(Field("urls", Type::list, "URLs of the TURN server.")
                         .element_(Type::string)
                         .example_("[\"turn:turn.example.org:3478?transport=udp\"]"));
  s.fields.push_back(
      Field("ttl", Type::duration, "How long a credential is valid; never longer than the session.")
          .default_("1h")
          .range_(60'000, kDay));
  return s;
}

IceServer read_server(const config::View& view) {
  IceServer server;
  server.urls = view.strings("urls");
  server.username = view.string("username");
  server.credential = Secret(view.string("credential"));
  return server;
}

bool is_signaling_url(std::string_view url) {
  if (url.find_first_of(" \t\r\n\"<>\\") != std::string_view::npos) {
    return false;
  }
  const auto host_follows = [url](std::string_view scheme) {
    return url.starts_with(scheme) && url.size() > scheme.size() && url[scheme.size()] != '/';
  };
  return (url.starts_with('/') && !url.starts_with("//")) || host_follows("ws://") ||
         host_follows("wss://");
}

}  // namespace

config::Schema Settings::schema() {
  config::Schema s;
  s.summary = "Live transfers: codes, sessions, signaling, ICE.";
  auto& f = s.fields;
  f.push_back(Field("code_ttl", Type::duration, "How long a code waits for its receiver.")
                  .default_("1h")
                  .range_(1000, kDay));
  f.push_back(Field("session_ttl", Type::duration,
                    "How long the two ends may talk, from the creation of the transfer.")
                  .default_("12h")
                  .range_(1000, kDay));
  f.push_back(Field("connect_timeout", Type::duration,
                    "How long the pages try a direct connection before the files go over the "
                    "server.")
                  .default_("8s")
                  .range_(1000, 120'000));
  f.push_back(Field("idle_timeout", Type::duration,
                    "A signaling socket that says nothing for so long is closed; pages ping every "
                    "25 s.")
                  .default_("5m")
                  .range_(1000, kDay));
  f.push_back(
      Field("max_rooms_per_node", Type::integer, "Transfers with a signaling socket on this node.")
          .default_("100000")
          .range_(1, 10'000'000));
  f.push_back(Field("max_message_bytes", Type::size, "Largest signaling message.")
                  .default_("64KiB")
                  .range_(4096, 65536));
  f.push_back(Field("messages_per_second", Type::integer,
                    "Messages that one signaling socket may send, on average.")
                  .default_("50")
                  .range_(1, 1'000'000));
  f.push_back(Field("burst", Type::integer, "Messages that one signaling socket may send at once.")
                  .default_("200")
                  .range_(1, 10'000'000));
  f.push_back(Field("public_signaling_url", Type::string,
                    "Where pages find signaling, if not at /api/signal of their own server: a "
                    "ws:// or wss:// URL or a path.")
                  .example_("wss://signal.example.org/api/signal"));
  f.push_back(Field("allowed_origins", Type::list,
                    "Origins of pages that may open signaling sockets besides the server's own.")
                  .element_(Type::string)
                  .example_("[\"https://share.example.org\"]"));
  f.push_back(Field("ice_transport_policy", Type::string,
                    "\"relay\" lets no end learn the other's address and needs TURN.")
                  .default_("all")
                  .one_of_({"all", "relay"}));
  f.push_back(Field("ice_servers", Type::list, "STUN and TURN servers for the pages.")
                  .children_(ice_server_schema()));
  f.push_back(Field("ice_servers_json", Type::secret,
                    "More servers, as the JSON array that RTCPeerConnection takes.")
                  .example_(R"('[{"urls": "stun:stun.example.org:3478"}]')"));
  f.push_back(Field("turn", Type::object, "Short-lived TURN credentials (coturn use-auth-secret).")
                  .children_(turn_schema()));
  return s;
}

void Settings::validate(const config::View& section, std::vector<config::Problem>& out) {
  const auto complain = [&](std::string_view name, std::string text) {
    out.emplace_back(section.mark(name), "live." + std::string(name), std::move(text));
  };
  if (section.duration("code_ttl") > section.duration("session_ttl")) {
    complain("code_ttl", "code_ttl must not be longer than session_ttl: a code leads to a session");
  }
  if (const auto url = section.string("public_signaling_url");
      !url.empty() && !is_signaling_url(url)) {
    complain("public_signaling_url", "expected a ws:// or wss:// URL or a path that starts with /");
  }
  for (const auto& origin : section.strings("allowed_origins")) {
    const bool http = origin.starts_with("http://") || origin.starts_with("https://");
    if (!http || origin.find_first_of("/ *?#", origin.find("//") + 2) != std::string::npos) {
      complain("allowed_origins", "\"" + origin +
                                      "\" is not an origin: expected https://host or "
                                      "https://host:port, without a path or a *");
    }
  }
  std::size_t number = 0;
  for (const auto* const view : section.objects("ice_servers")) {
    if (auto wrong = check_ice_server(read_server(*view)); !wrong.empty()) {
      out.emplace_back(view->mark("urls"), "live.ice_servers[" + std::to_string(number) + "].urls",
                       std::move(wrong));
    }
    ++number;
  }
  if (const auto servers = parse_ice_servers(section.string("ice_servers_json")); !servers) {
    complain("ice_servers_json", servers.error().text);
  }
  const auto& turn = section.object("turn");
  const auto urls = turn.strings("urls");
  for (const auto& url : urls) {
    auto wrong = check_ice_url(url);
    if (wrong.empty() && !url.starts_with("turn")) {
      wrong = "\"" + url + "\" is no TURN server: expected turn: or turns:";
    }
    if (!wrong.empty()) {
      out.emplace_back(turn.mark("urls"), "live.turn.urls", std::move(wrong));
    }
  }
  if (!turn.string("secret").empty() && urls.empty()) {
    out.emplace_back(turn.mark("secret"), "live.turn.urls",
                     "turn.secret is set, but turn.urls is empty: pages would not know the server");
  }
}

Settings Settings::read(const config::View& section) {
  Settings s;
  s.code_ttl = section.duration("code_ttl");
  s.session_ttl = section.duration("session_ttl");
  s.connect_timeout = section.duration("connect_timeout");
  s.idle_timeout = section.duration("idle_timeout");
  s.max_rooms_per_node = static_cast<std::size_t>(section.integer("max_rooms_per_node"));
  s.max_message_bytes = section.size("max_message_bytes");
  s.messages_per_second = static_cast<std::uint32_t>(section.integer("messages_per_second"));
  s.burst = static_cast<std::uint32_t>(section.integer("burst"));
  if (auto url = section.string("public_signaling_url"); !url.empty()) {
    s.signaling_url = std::move(url);
  }
  s.allowed_origins = section.strings("allowed_origins");
  s.ice_transport_policy = section.string("ice_transport_policy");
  for (const auto* const view : section.objects("ice_servers")) {
    s.ice_servers.push_back(read_server(*view));
  }
  if (auto servers = parse_ice_servers(section.string("ice_servers_json")); servers) {
    for (auto& server : *servers) {
      s.ice_servers.push_back(std::move(server));
    }
  }
  const auto& turn = section.object("turn");
  s.turn.secret = Secret(turn.string("secret"));
  s.turn.urls = turn.strings("urls");
  s.turn.ttl = turn.duration("ttl");
  return s;
}

}  // namespace ferry::transfers
