#pragma once
#include "base/json.hpp"
#include "base/problem.hpp"
#include "http/message.hpp"

#include <cstddef>

namespace ferry::api {

/// How a body that could not be read is refused.
Problem body_problem(const Error& error, std::size_t limit);

/// The body as a JSON object; an absent body reads as {}.
Awaitable<Outcome<json::object>> read_json(http::Request& request, std::size_t limit,
                                           json::Limits limits = {});

}  // namespace ferry::api
