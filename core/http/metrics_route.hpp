#pragma once
#include "http/message.hpp"
#include "runtime/metrics.hpp"

#include <string>

namespace ferry::http {

/// GET /metrics: the registry as Prometheus text. With a token, only for `Authorization: Bearer`
/// of it. The registry outlives the handler.
Handler metrics_route(const Registry& registry, std::string token);

}  // namespace ferry::http
