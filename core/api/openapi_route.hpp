#pragma once
#include "http/router.hpp"

#include <string_view>

namespace ferry::api {

/// core/api/openapi.yaml, as it was when this was built.
std::string_view openapi_text() noexcept;

/// GET /api/openapi.yaml.
void add_openapi_route(http::Router& router);

}  // namespace ferry::api
