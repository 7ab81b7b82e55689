#include "http/metrics_route.hpp"

#include "base/crypto.hpp"
#include "http/problem_response.hpp"

namespace ferry::http {
namespace {

/// Not a lambda's body, so that the coroutine owns its parameters.
Awaitable<Response> render(const Registry& registry, const Request& request, bool allowed) {
  if (!allowed) {
    co_return problem_response(request, Problem(ProblemType::token_invalid));
  }
  auto response = Response::text(200, registry.render());
  response.set("Content-Type", std::string(Registry::kContentType));
  response.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace

Handler metrics_route(const Registry& registry, std::string token) {
  return [&registry, token = std::move(token)](Request& request) {
    const bool allowed = token.empty() || equal_secret(as_bytes(request.bearer()), as_bytes(token));
    return render(registry, request, allowed);
  };
}

}  // namespace ferry::http
