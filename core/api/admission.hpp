#pragma once
#include "base/problem.hpp"
#include "base/secret.hpp"
#include "http/message.hpp"

#include <ferry/rate_limiter.hpp>

#include <map>
#include <string>

namespace ferry::api {

/// Rate limits of the routes. Subjects are keyed hashes of the client's address prefix (IPv4 /32,
/// IPv6 /64), so that no store holds addresses.
class Admission {
 public:
  /// `fail_open`: what happens while the limiter is unreachable.
  Admission(RateLimiter& limiter, std::map<std::string, RatePolicy> policies, Secret key,
            bool fail_open, Logger& log, Metrics& metrics);

  /// Takes one unit of the named policy for the request's client. The problem is rate_limited with
  /// retry_after, or backend_unavailable. The decision, for RateLimit fields: stamp().
  /// A policy that is not configured admits.
  Awaitable<Outcome<Decision>> admit(const http::Request& request, std::string policy);

  /// Takes `cost` more units of the policy, or what is left of them: for requests that turned out
  /// to be guesses.
  Awaitable<void> charge(const http::Request& request, std::string policy, std::uint32_t cost);

  /// The response for a request that admit() refused, with the RateLimit fields.
  http::Response refusal(const http::Request& request, const std::string& policy,
                         const Problem& problem) const;

  /// Adds RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10).
  void stamp(http::Response& response, const std::string& policy, const Decision& decision) const;

  static config::Schema schema();  ///< section `rate_limits`: a policy per route
  static std::map<std::string, RatePolicy> policies(const config::View& section);
  static bool fail_open(const config::View& section);

 private:
  void stamp(http::Response& response, const RatePolicy& policy, std::uint32_t remaining,
             std::chrono::seconds reset) const;
  std::string subject(const http::Request& request) const;
  void count(const std::string& policy, const char* result);

  RateLimiter& limiter_;
  std::map<std::string, RatePolicy> policies_;
  Secret key_;
  bool fail_open_;
  Logger& log_;
  Metrics& metrics_;
};

}  // namespace ferry::api
