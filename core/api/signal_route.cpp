#include "api/signal_route.hpp"

#include "http/problem_response.hpp"
#include "websocket/upgrade.hpp"

#include <memory>

namespace ferry::api {
namespace {

struct Route {
  transfers::SignalingHub& hub;
  Admission& admission;
  std::vector<std::string> allowed_origins;
};

Awaitable<http::Response> signal(std::shared_ptr<const Route> route, http::Request& request) {
  const auto admitted = co_await route->admission.admit(request, "signal_connect");
  if (!admitted) {
    co_return route->admission.refusal(request, "signal_connect", admitted.error());
  }
  websocket::UpgradeOptions options;
  options.subprotocol = "ferry.signal.v1";
  options.origins = route->allowed_origins;
  auto response = websocket::upgrade(
      request, options,
      [&hub = route->hub](websocket::Connection& connection) { return hub.serve(connection); });
  if (!response) {
    co_return http::problem_response(request, response.error());
  }
  co_return std::move(*response);
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
