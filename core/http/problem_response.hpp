#pragma once
#include "base/problem.hpp"
#include "http/message.hpp"

namespace ferry::http {

/// Renders an RFC 9457 body with the request's id as `instance`; sets Retry-After.
Response problem_response(const Request& request, const Problem& problem);

}  // namespace ferry::http
