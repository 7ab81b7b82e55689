#include "api/transfer_routes.hpp"

#include "base/json.hpp"
#include "base/time.hpp"
#include "http/origin.hpp"
#include "http/problem_response.hpp"

#include <memory>
#include <optional>

namespace ferry::api {
namespace {

using transfers::TransferService;

constexpr std::size_t kMaxBody = 64 * 1024;
/// On top of the one unit that every join costs.
constexpr std::uint32_t kMissCost = 4;

/// What the handlers share; owned by the handlers.
struct Routes {
  TransferService& transfers;
  Admission& admission;
  ClassicLimits limits;
  std::string version;
};
using RoutesPtr = std::shared_ptr<const Routes>;

Problem body_problem(const Error& error) {
  switch (error.code) {
    case Errc::too_large:
      return Problem(ProblemType::too_large, "The body may have 64 KiB at most.");
    case Errc::timeout: return Problem(ProblemType::too_slow);
    case Errc::invalid_argument: return Problem(ProblemType::malformed_request);
    default: return to_problem(error);
  }
}

Awaitable<Outcome<json::object>> read_object(http::Request& request) {
  auto text = co_await request.body->read_all(kMaxBody);
  if (!text) {
    co_return body_problem(text.error());
  }
  co_return json::parse_object(*text);
}

/// Answers carry tokens and codes.
http::Response json_response(unsigned status, const json::object& body) {
  auto response = http::Response::json(status, json::serialize(body));
  response.set("Cache-Control", "no-store");
  return response;
}

http::Response no_content() {
  http::Response response(204);
  response.set("Cache-Control", "no-store");
  return response;
}

std::optional<Problem> refuse_foreign_page(const Routes& routes, const http::Request& request) {
  if (http::origin_allowed(request, routes.transfers.settings().allowed_origins)) {
    return std::nullopt;
  }
  return Problem(ProblemType::origin_denied);
}

Awaitable<http::Response> create(RoutesPtr routes, http::Request& request) {
  if (auto foreign = refuse_foreign_page(*routes, request)) {
    co_return http::problem_response(request, *foreign);
  }
  const auto admitted = co_await routes->admission.admit(request, "transfer_create");
  if (!admitted) {
    co_return routes->admission.refusal(request, "transfer_create", admitted.error());
  }
  const auto body = co_await read_object(request);
  if (!body) {
    co_return http::problem_response(request, body.error());
  }
  const auto opened = co_await routes->transfers.create();
  if (!opened) {
    co_return http::problem_response(request, opened.error());
  }
  json::object out;
  out["transfer_id"] = opened->transfer_id;
  out["code"] = opened->code;
  out["token"] = opened->token;
  out["role"] = "sender";
  out["code_expires_at"] = rfc3339(opened->code_expires);
  out["session_expires_at"] = rfc3339(opened->session_expires);
  out["signaling_url"] = routes->transfers.settings().signaling_url;
  auto response = json_response(201, out);
  routes->admission.stamp(response, "transfer_create", *admitted);
  co_return response;
}

Awaitable<http::Response> join(RoutesPtr routes, http::Request& request) {
  if (auto foreign = refuse_foreign_page(*routes, request)) {
    co_return http::problem_response(request, *foreign);
  }
  const auto admitted = co_await routes->admission.admit(request, "transfer_join");
  if (!admitted) {
    if (admitted.error().type == ProblemType::rate_limited) {
      routes->transfers.count_limited_join();
    }
    co_return routes->admission.refusal(request, "transfer_join", admitted.error());
  }
  const auto body = co_await read_object(request);
  if (!body) {
    co_return http::problem_response(request, body.error());
  }
  const auto code = json::string_member(*body, "code");
  if (!code) {
    co_return http::problem_response(
        request, Problem(ProblemType::invalid_request, "\"code\" is missing or not a string"));
  }
  std::optional<Token> mine;
  if (!request.bearer().empty()) {
    mine = routes->transfers.session(request.bearer());
  }
  const auto joined = co_await routes->transfers.join(*code, mine);
  if (!joined) {
    if (joined.error().type == ProblemType::unknown_code) {
      co_await routes->admission.charge(request, "transfer_join", kMissCost);
    }
    auto response = http::problem_response(request, joined.error());
    routes->admission.stamp(response, "transfer_join", *admitted);
    co_return response;
  }
  json::object out;
  out["transfer_id"] = joined->transfer_id;
  out["token"] = joined->token;
  out["role"] = "receiver";
  out["session_expires_at"] = rfc3339(joined->session_expires);
  out["signaling_url"] = routes->transfers.settings().signaling_url;
  if (joined->share.empty()) {
    out["share"] = nullptr;
  } else {
    out["share"] = json::object{{"id", joined->share}};
  }
  auto response = json_response(200, out);
  routes->admission.stamp(response, "transfer_join", *admitted);
  co_return response;
}

Awaitable<http::Response> handoff(RoutesPtr routes, http::Request& request) {
  if (auto foreign = refuse_foreign_page(*routes, request)) {
    co_return http::problem_response(request, *foreign);
  }
  const auto admitted = co_await routes->admission.admit(request, "transfer_change");
  if (!admitted) {
    co_return routes->admission.refusal(request, "transfer_change", admitted.error());
  }
  const auto token = routes->transfers.session(request.bearer());
  if (!token) {
    co_return http::problem_response(request, Problem(ProblemType::token_invalid));
  }
  const auto body = co_await read_object(request);
  if (!body) {
    co_return http::problem_response(request, body.error());
  }
  const auto share = json::string_member(*body, "share");
  if (!share || share->empty() || share->size() > 128) {
    co_return http::problem_response(
        request, Problem(ProblemType::invalid_request, "\"share\" must be the id of a share"));
  }
  const auto done = co_await routes->transfers.handoff(*token, *share);
  if (!done) {
    co_return http::problem_response(request, done.error());
  }
  auto response = no_content();
  routes->admission.stamp(response, "transfer_change", *admitted);
  co_return response;
}

Awaitable<http::Response> close(RoutesPtr routes, http::Request& request) {
  if (auto foreign = refuse_foreign_page(*routes, request)) {
    co_return http::problem_response(request, *foreign);
  }
  const auto admitted = co_await routes->admission.admit(request, "transfer_change");
  if (!admitted) {
    co_return routes->admission.refusal(request, "transfer_change", admitted.error());
  }
  const auto token = routes->transfers.session(request.bearer());
  if (!token) {
    co_return http::problem_response(request, Problem(ProblemType::token_invalid));
  }
  const auto done = co_await routes->transfers.close(*token);
  if (!done) {
    co_return http::problem_response(request, done.error());
  }
  auto response = no_content();
  routes->admission.stamp(response, "transfer_change", *admitted);
  co_return response;
}

json::array ice_array(const std::vector<transfers::IceServer>& servers) {
  json::array out;
  for (const auto& server : servers) {
    json::object one;
    one["urls"] = json::array(server.urls.begin(), server.urls.end());
    if (server.has_credentials()) {
      one["username"] = server.username;
      one["credential"] = server.credential.reveal();
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::int64_t whole_seconds(std::chrono::milliseconds t) {
  return std::chrono::ceil<std::chrono::seconds>(t).count();
}

Awaitable<http::Response> config(RoutesPtr routes, http::Request& request) {
  const auto admitted = co_await routes->admission.admit(request, "transfer_config");
  if (!admitted) {
    co_return routes->admission.refusal(request, "transfer_config", admitted.error());
  }
  std::optional<Token> session;
  if (!request.bearer().empty()) {
    session = routes->transfers.session(request.bearer());
  }
  const auto& settings = routes->transfers.settings();
  const auto& limits = routes->limits;
  json::object out;
  out["ice_servers"] = ice_array(routes->transfers.ice_servers(session));
  out["ice_transport_policy"] = settings.ice_transport_policy;
  out["connect_timeout"] = whole_seconds(settings.connect_timeout);
  out["signaling_url"] = settings.signaling_url;
  out["upload"] = json::object{{"max_bytes", limits.max_bytes},
                               {"chunk_bytes", limits.chunk_bytes},
                               {"endpoint", "/api/uploads"}};
  out["share"] = json::object{{"max_files", limits.max_files},
                              {"default_expiry", limits.default_expiry.count()},
                              {"max_expiry", limits.max_expiry.count()}};
  out["version"] = routes->version;
  auto response = json_response(200, out);
  routes->admission.stamp(response, "transfer_config", *admitted);
  co_return response;
}

}  // namespace

void add_transfer_routes(http::Router& router, TransferService& transfers, Admission& admission,
                         ClassicLimits limits, std::string version) {
  const auto routes =
      std::make_shared<const Routes>(Routes{transfers, admission, limits, std::move(version)});
  using Route = Awaitable<http::Response> (*)(RoutesPtr, http::Request&);
  const auto bind = [&routes](Route route) {
    return [routes, route](http::Request& request) { return route(routes, request); };
  };
  router.add(http::Method::post, "/api/transfer/create", bind(&create));
  router.add(http::Method::post, "/api/transfer/join", bind(&join));
  router.add(http::Method::post, "/api/transfer/handoff", bind(&handoff));
  router.add(http::Method::post, "/api/transfer/close", bind(&close));
  router.add(http::Method::get, "/api/transfer/config", bind(&config));
}

}  // namespace ferry::api
