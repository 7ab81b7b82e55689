#include "api/signal_route.hpp"

#include "api/origin.hpp"
#include "http/problem_response.hpp"

#include <memory>
#include <string_view>

namespace ferry::api {
namespace {

constexpr std::string_view kSubprotocol = "ferry.signal.v1";

/// Whether a comma-separated field names `wanted` (RFC 6455 §4.1: case-sensitive tokens).
bool names(std::string_view field, std::string_view wanted) {
  while (!field.empty()) {
    const std::size_t comma = field.find(',');
    std::string_view one = field.substr(0, comma);
    field = comma == std::string_view::npos ? std::string_view() : field.substr(comma + 1);
    const std::size_t first = one.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
      continue;
    }
    one = one.substr(first, one.find_last_not_of(" \t") - first + 1);
    if (one == wanted) {
      return true;
    }
  }
  return false;
}

struct Route {
  transfers::SignalingHub& hub;
  Admission& admission;
  std::vector<std::string> allowed_origins;
};

Awaitable<http::Response> signal(std::shared_ptr<const Route> route, http::Request& request) {
  if (!origin_allowed(request, route->allowed_origins)) {
    co_return http::problem_response(request, Problem(ProblemType::origin_denied));
  }
  if (!request.has("sec-websocket-key")) {
    co_return http::problem_response(
        request, Problem(ProblemType::malformed_request, "This address is for WebSockets."));
  }
  if (!names(request.header("sec-websocket-protocol"), kSubprotocol)) {
    co_return http::problem_response(
        request, Problem(ProblemType::malformed_request,
                         "The WebSocket must offer the subprotocol ferry.signal.v1."));
  }
  const auto admitted = co_await route->admission.admit(request, "signal_connect");
  if (!admitted) {
    co_return http::problem_response(request, admitted.error());
  }
  http::Response response(101);
  response.set("Sec-WebSocket-Protocol", std::string(kSubprotocol));
  response.body = http::Upgrade(
      [&hub = route->hub](websocket::Connection& connection) { return hub.serve(connection); });
  co_return response;
}

}  // namespace

void add_signal_route(http::Router& router, transfers::SignalingHub& hub, Admission& admission,
                      std::vector<std::string> allowed_origins) {
  const auto route =
      std::make_shared<const Route>(Route{hub, admission, std::move(allowed_origins)});
  router.add(http::Method::get, "/api/signal",
             [route](http::Request& request) { return signal(route, request); });
}

}  // namespace ferry::api
