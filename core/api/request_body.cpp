#include "api/request_body.hpp"

#include <string>

namespace ferry::api {

Problem body_problem(const Error& error, std::size_t limit) {
  switch (error.code) {
    case Errc::too_large:
      return Problem(ProblemType::too_large,
                     "The body may have " + std::to_string(limit) + " bytes.");
    case Errc::timeout: return Problem(ProblemType::too_slow);
    case Errc::invalid_argument:
    case Errc::cancelled:
      return Problem(ProblemType::malformed_request, "The body is malformed or ended early.");
    default: return to_problem(error);
  }
}

Awaitable<Outcome<json::object>> read_json(http::Request& request, std::size_t limit,
                                           json::Limits limits) {
  const auto text = co_await request.body->read_all(limit);
  if (!text) {
    co_return body_problem(text.error(), limit);
  }
  co_return json::parse_object(*text, limits);
}

}  // namespace ferry::api
