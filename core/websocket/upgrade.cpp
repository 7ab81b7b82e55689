#include "websocket/upgrade.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "http/origin.hpp"

#include <algorithm>

namespace ferry::websocket {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return out;
}

bool has_element(std::string_view list, std::string_view wanted) {
  while (true) {
    const auto comma = list.find(',');
    auto element = list.substr(0, comma);
    const auto first = element.find_first_not_of(" \t");
    element = first == element.npos
                  ? std::string_view()
                  : element.substr(first, element.find_last_not_of(" \t") - first + 1);
    if (element == wanted) {
      return true;
    }
    if (comma == std::string_view::npos) {
      return false;
    }
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string accept_key(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return base64(sha1(as_bytes(text)));
}

Outcome<http::Response> upgrade(const http::Request& request, const UpgradeOptions& options,
                                http::Upgrade run) {
  const auto refuse = [](std::string detail) {
    return Problem(ProblemType::malformed_request, std::move(detail));
  };
  if (request.method != http::Method::get ||
      !has_element(lower(request.header("upgrade")), "websocket") ||
      !has_element(lower(request.header("connection")), "upgrade")) {
    return refuse("this address is a WebSocket");
  }
  if (request.header("sec-websocket-version") != "13") {
    return refuse("the WebSocket version must be 13");
  }
  const auto key = request.header("sec-websocket-key");
  if (const auto nonce = base64_decode(key); !nonce || nonce->size() != 16) {
    return refuse("Sec-WebSocket-Key is not 16 bytes in base64");
  }
  if (!options.subprotocol.empty() &&
      !has_element(request.header("sec-websocket-protocol"), options.subprotocol)) {
    return refuse("the subprotocol must be " + options.subprotocol);
  }
  if (!http::origin_allowed(request, options.origins)) {
    return Problem(ProblemType::origin_denied);
  }
  http::Response response(101);
  response.set("Upgrade", "websocket");
  response.set("Connection", "Upgrade");
  response.set("Sec-WebSocket-Accept", accept_key(key));
  if (!options.subprotocol.empty()) {
    response.set("Sec-WebSocket-Protocol", options.subprotocol);
  }
  response.body = std::move(run);
  return response;
}

}  // namespace ferry::websocket
