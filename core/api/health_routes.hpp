#pragma once
#include "http/router.hpp"

#include <functional>
#include <string>
#include <vector>

namespace ferry::api {

/// One thing that the node cannot work without.
struct HealthCheck {
  HealthCheck(std::string n, std::function<Awaitable<Result<void>>()> p)
      : name(std::move(n)), ping(std::move(p)) {}
  std::string name;  ///< "storage"
  std::function<Awaitable<Result<void>>()> ping;
};

/// /livez and /readyz (answers are kept for a second). `draining` is called from any loop.
void add_health_routes(http::Router& router, std::vector<HealthCheck> checks,
                       std::function<bool()> draining, Logger& log);

}  // namespace ferry::api
