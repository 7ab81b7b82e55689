#pragma once
// ICE servers: their check, the JSON form of WEBRTC_ICE_SERVERS_JSON, and short-lived TURN
// credentials (draft-uberti-behave-turn-rest-00, coturn's use-auth-secret).
#include "base/secret.hpp"
#include "base/time.hpp"
#include "base/token.hpp"

#include <ferry/bytes.hpp>

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::transfers {

struct IceServer {
  std::vector<std::string> urls;
  std::string username;
  Secret credential;

  bool has_credentials() const noexcept { return !username.empty() || !credential.empty(); }
};

/// Empty when a browser takes `url` (RFC 7064, RFC 7065), else a sentence for the operator.
std::string check_ice_url(std::string_view url);

/// Empty when a browser takes the server, else a sentence for the operator: RTCPeerConnection
/// refuses the whole list for one bad URL, and TURN without username and credential.
std::string check_ice_server(const IceServer& server);

/// What a failed parse says, for the operator.
struct IceProblem {
  IceProblem() = default;
  explicit IceProblem(std::string t) : text(std::move(t)) {}
  std::string text;
};
[[noreturn]] void throw_exception_from_error(const IceProblem& p, const boost::source_location&);

/// `[{"urls": "stun:…" | ["…"], "username": "…", "credential": "…"}]`, as RTCConfiguration takes
/// it. Empty text is an empty list.
boost::system::result<std::vector<IceServer>, IceProblem> parse_ice_servers(std::string_view text);

struct TurnCredentials {
  std::string username;  ///< "<unix time of expiry>:<8 hex of the room's digest>:<role>"
  std::string credential;
};

TurnCredentials turn_credentials(const Secret& secret, ByteView room, Role role, WallTime expires);

}  // namespace ferry::transfers
