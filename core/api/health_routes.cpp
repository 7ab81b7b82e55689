#include "api/health_routes.hpp"

#include "base/json.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

namespace ferry::api {
namespace {

constexpr std::chrono::seconds kKept{1};

/// What /readyz says, kept for a second so that many probes cost one.
class Readiness {
 public:
  Readiness(std::vector<HealthCheck> checks, std::function<bool()> draining, Logger& log)
      : checks_(std::move(checks)), draining_(std::move(draining)), log_(log) {}

  Awaitable<http::Response> answer() {
    if (draining_()) {
      co_return response(503, describe("draining", {}));
    }
    const auto now = std::chrono::steady_clock::now();
    {
      const std::lock_guard lock(mutex_);
      if (now < kept_until_) {
        co_return response(status_, text_);
      }
    }
    bool ready = true;
    json::object results;
    for (const auto& check : checks_) {
      const auto pinged = co_await check.ping();
      results[check.name] = pinged ? std::string_view("ok") : name_of(pinged.error().code);
      if (!pinged) {
        ready = false;
        log_.warn("not ready", {{"check", check.name},
                                {"error", name_of(pinged.error().code)},
                                {"reason", pinged.error().detail}});
      }
    }
    const unsigned status = ready ? 200 : 503;
    const auto text = describe(ready ? "ready" : "not-ready", std::move(results));
    {
      const std::lock_guard lock(mutex_);
      status_ = status;
      text_ = text;
      kept_until_ = std::chrono::steady_clock::now() + kKept;
    }
    co_return response(status, text);
  }

 private:
  static std::string describe(std::string_view status, json::object checks) {
    json::object out;
    out["status"] = status;
    out["checks"] = std::move(checks);
    return json::serialize(out);
  }

  static http::Response response(unsigned status, std::string text) {
    auto out = http::Response::json(status, std::move(text));
    out.set("Cache-Control", "no-store");
    return out;
  }

  std::vector<HealthCheck> checks_;
  std::function<bool()> draining_;
  Logger& log_;
  std::mutex mutex_;  // guards what follows
  unsigned status_ = 0;
  std::string text_;
  std::chrono::steady_clock::time_point kept_until_{};
};

}  // namespace

void add_health_routes(http::Router& router, std::vector<HealthCheck> checks,
                       std::function<bool()> draining, Logger& log) {
  using http::Method;
  router.add(Method::get, "/livez", [](http::Request&) -> Awaitable<http::Response> {
    auto response = http::Response::text(200, "ok\n");
    response.set("Cache-Control", "no-store");
    co_return response;
  });
  const auto readiness = std::make_shared<Readiness>(std::move(checks), std::move(draining), log);
  router.add(Method::get, "/readyz", [readiness](http::Request&) { return readiness->answer(); });
}

}  // namespace ferry::api
