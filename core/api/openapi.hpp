#pragma once
#include <string_view>

namespace ferry::api {

/// core/api/openapi.yaml, as it was when this was built.
std::string_view openapi_text() noexcept;

}  // namespace ferry::api
