#pragma once
// The opening handshake of RFC 6455 §4.2.
#include "base/problem.hpp"
#include "http/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ferry::websocket {

struct UpgradeOptions {
  UpgradeOptions() = default;
  std::string subprotocol;           ///< must be offered by the client; empty: none is used
  std::vector<std::string> origins;  ///< allowed besides the server's own
};

/// What a route that is a WebSocket answers: 101 with `run` as its body. Problems:
/// malformed_request (no valid handshake, subprotocol not offered), origin_denied.
Outcome<http::Response> upgrade(const http::Request& request, const UpgradeOptions& options,
                                http::Upgrade run);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string accept_key(std::string_view key);

}  // namespace ferry::websocket
