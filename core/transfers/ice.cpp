#include "transfers/ice.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"

#include <algorithm>
#include <stdexcept>

namespace ferry::transfers {
namespace {

constexpr std::string_view kShape =
    R"(expected a JSON array of {"urls": "stun:host:port" or a list of them, "username", "credential"})";

bool is_host_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool is_address_character(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
         c == '.';
}

bool is_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  unsigned port = 0;
  for (const char c : text) {
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port >= 1 && port <= 65535;
}

bool is_turn(std::string_view url) noexcept {
  return url.starts_with("turn:") || url.starts_with("turns:");
}

std::string quoted(std::string_view text) {
  return "\"" + std::string(text.substr(0, 200)) + "\"";
}

/// Member `key` as text into `into`; a sentence when it is something else.
std::string read_text(const json::object& object, std::string_view key, std::string& into) {
  const auto* const value = object.if_contains(key);
  if (value == nullptr || value->is_null()) {
    return {};
  }
  if (!value->is_string()) {
    return "\"" + std::string(key) + "\" must be a string";
  }
  into = std::string(value->get_string());
  return {};
}

std::string read_urls(const json::object& object, std::vector<std::string>& urls) {
  const auto* const value = object.if_contains("urls");
  if (value == nullptr) {
    return "\"urls\" is missing";
  }
  if (value->is_string()) {
    urls.emplace_back(value->get_string());
    return {};
  }
  if (!value->is_array()) {
    return "\"urls\" must be a string or a list of strings";
  }
  for (const auto& url : value->get_array()) {
    if (!url.is_string()) {
      return "\"urls\" must be a string or a list of strings";
    }
    urls.emplace_back(url.get_string());
  }
  return {};
}

std::string read_server(const json::value& value, IceServer& server) {
  if (!value.is_object()) {
    return "it must be an object";
  }
  const auto& object = value.get_object();
  for (const auto& member : object) {
    const std::string_view key = member.key();
    // credentialType is obsolete but still stands in many published lists.
    if (key != "urls" && key != "username" && key != "credential" && key != "credentialType") {
      return "it has the unknown member " + quoted(key) +
             "; known are urls, username and credential";
    }
  }
  if (auto wrong = read_urls(object, server.urls); !wrong.empty()) {
    return wrong;
  }
  std::string credential;
  std::string kind;
  for (const auto& [key, into] :
       {std::pair<std::string_view, std::string*>("username", &server.username),
        {"credential", &credential},
        {"credentialType", &kind}}) {
    if (auto wrong = read_text(object, key, *into); !wrong.empty()) {
      return wrong;
    }
  }
  if (!kind.empty() && kind != "password") {
    return "\"credentialType\" must be \"password\": browsers know no other";
  }
  server.credential = Secret(std::move(credential));
  return check_ice_server(server);
}

}  // namespace

std::string check_ice_url(std::string_view url) {
  const auto complain = [url](std::string_view why) {
    return quoted(url) + " is not an ICE server URL: " + std::string(why);
  };
  const std::size_t colon = url.find(':');
  const std::string_view scheme = url.substr(0, colon);
  if (colon == std::string_view::npos ||
      (scheme != "stun" && scheme != "stuns" && scheme != "turn" && scheme != "turns")) {
    return complain("it must start with stun:, stuns:, turn: or turns:");
  }
  std::string_view rest = url.substr(colon + 1);
  if (rest.starts_with("//")) {
    return complain("no // stands between the scheme and the host");
  }
  if (const std::size_t query = rest.find('?'); query != std::string_view::npos) {
    const std::string_view transport = rest.substr(query);
    if (!is_turn(url)) {
      return complain("only turn: and turns: may be followed by ?transport=");
    }
    if (transport != "?transport=udp" && transport != "?transport=tcp") {
      return complain("after the ? only transport=udp or transport=tcp may stand");
    }
    rest = rest.substr(0, query);
  }
  std::string_view after_host;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    const std::string_view address =
        close == std::string_view::npos ? std::string_view() : rest.substr(1, close - 1);
    if (address.find(':') == std::string_view::npos ||
        !std::all_of(address.begin(), address.end(), is_address_character)) {
      return complain("the IPv6 address in [ ] is malformed");
    }
    after_host = rest.substr(close + 1);
  } else {
    const std::size_t end = rest.find(':');
    const std::string_view host = rest.substr(0, end);
    if (host.empty() || !std::all_of(host.begin(), host.end(), is_host_character)) {
      return complain("the host is missing or has a character that host names do not have");
    }
    after_host = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  }
  if (!after_host.empty() && (after_host.front() != ':' || !is_port(after_host.substr(1)))) {
    return complain("the port must be a number from 1 to 65535");
  }
  return {};
}

std::string check_ice_server(const IceServer& server) {
  if (server.urls.empty()) {
    return "\"urls\" is empty";
  }
  for (const auto& url : server.urls) {
    if (auto wrong = check_ice_url(url); !wrong.empty()) {
      return wrong;
    }
    if (is_turn(url) && (server.username.empty() || server.credential.empty())) {
      return quoted(url) + " needs a username and a credential: browsers refuse TURN without";
    }
  }
  return {};
}

void throw_exception_from_error(const IceProblem& p, const boost::source_location&) {
  throw std::invalid_argument(p.text);
}

boost::system::result<std::vector<IceServer>, IceProblem> parse_ice_servers(std::string_view text) {
  std::vector<IceServer> servers;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return servers;
  }
  auto parsed = json::parse(text);
  if (!parsed) {
    return IceProblem("this is not valid JSON (" + parsed.error().detail + "); " +
                      std::string(kShape));
  }
  if (!parsed->is_array()) {
    return IceProblem("this is JSON, but no array; " + std::string(kShape));
  }
  std::size_t number = 0;
  for (const auto& value : parsed->get_array()) {
    ++number;
    IceServer server;
    if (auto wrong = read_server(value, server); !wrong.empty()) {
      return IceProblem("ICE server " + std::to_string(number) + ": " + wrong);
    }
    servers.push_back(std::move(server));
  }
  return servers;
}

TurnCredentials turn_credentials(const Secret& secret, ByteView room, Role role, WallTime expires) {
  const Digest digest = sha256(room);
  TurnCredentials out;
  out.username = std::to_string(to_unix_ms(expires) / 1000) + ":" + hex(ByteView(digest).first(4)) +
                 ":" + std::string(name_of(role));
  out.credential = base64(hmac_sha1(as_bytes(secret.reveal()), as_bytes(out.username)));
  return out;
}

}  // namespace ferry::transfers
