#include "api/admission.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "http/problem_response.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <array>

namespace ferry::api {
namespace {

struct Default {
  std::string_view name;
  std::uint32_t limit;
  std::string_view per;
  std::uint32_t burst;
  std::string_view what;
};

constexpr std::array kDefaults{
    Default{"transfer_create", 20, "1m", 20, "Live transfers that a client opens."},
    Default{"transfer_join", 10, "1m", 20,
            "Codes that a client tries; a code that leads nowhere costs five."},
    Default{"transfer_config", 120, "1m", 120, "Reads of the ICE servers and limits."},
    Default{"transfer_change", 60, "1m", 60, "Hand-offs and closings of live transfers."},
    Default{"signal_connect", 600, "1m", 600, "Signaling sockets that a client opens."},
    Default{"upload_create", 600, "1m", 600, "Uploads that a client begins."},
    Default{"share_create", 120, "1m", 120, "Shares that a client makes."},
};

config::Schema policy_schema(const Default& policy) {
  using config::Field;
  using config::Type;
  config::Schema s;
  s.summary = std::string(policy.what);
  s.fields.push_back(Field("limit", Type::integer, "How many, on average.")
                         .default_(std::to_string(policy.limit))
                         .range_(1, 1e9));
  s.fields.push_back(Field("per", Type::duration, "The time in which so many are allowed.")
                         .default_(std::string(policy.per))
                         .range_(1, 24.0 * 60 * 60 * 1000));
  s.fields.push_back(Field("burst", Type::integer, "How many at once.")
                         .default_(std::to_string(policy.burst))
                         .range_(1, 1e9));
  return s;
}

/// What counts as one client: an IPv4 address or an IPv6 /64. Text that is no address (the peer of
/// a Unix socket) counts as it stands.
std::string client_prefix(const std::string& address) {
  const auto parsed = net::IpAddress::parse(address);
  return parsed ? parsed->prefix() : address;
}

std::chrono::seconds rounded_up(Millis t) {
  return std::chrono::ceil<std::chrono::seconds>(t);
}

/// In which the policy gives `units` back, at least one second.
std::chrono::seconds time_for(const RatePolicy& policy, std::uint64_t units) {
  const auto ms = static_cast<std::uint64_t>(policy.per.count()) * units / policy.limit;
  return std::chrono::seconds(std::max<std::uint64_t>((ms + 999) / 1000, 1));
}

}  // namespace

Admission::Admission(RateLimiter& limiter, std::map<std::string, RatePolicy> policies, Secret key,
                     bool fail_open, Logger& log, Metrics& metrics)
    : limiter_(limiter),
      policies_(std::move(policies)),
      key_(std::move(key)),
      fail_open_(fail_open),
      log_(log),
      metrics_(metrics) {}

Awaitable<Outcome<Decision>> Admission::admit(const http::Request& request, std::string policy) {
  const auto known = policies_.find(policy);
  if (known == policies_.end()) {
    co_return Decision();
  }
  auto taken = co_await limiter_.take(known->second, subject(request), 1);
  if (!taken) {
    count(policy, "error");
    log_.warn("the rate limiter failed", {{"policy", policy},
                                          {"error", name_of(taken.error().code)},
                                          {"detail", taken.error().detail}});
    if (fail_open_) {
      co_return Decision();
    }
    Problem problem(ProblemType::backend_unavailable);
    problem.retry_after = std::chrono::seconds(1);
    co_return problem;
  }
  if (!taken->allowed) {
    count(policy, "refused");
    Problem problem(ProblemType::rate_limited);
    problem.retry_after = std::max(rounded_up(taken->retry_after), std::chrono::seconds(1));
    co_return problem;
  }
  count(policy, "allowed");
  co_return *taken;
}

Awaitable<void> Admission::charge(const http::Request& request, std::string policy,
                                  std::uint32_t cost) {
  const auto known = policies_.find(policy);
  if (known == policies_.end() || cost == 0) {
    co_return;
  }
  const std::string who = subject(request);
  auto taken = co_await limiter_.take(known->second, who, std::min(cost, known->second.burst));
  // A refused call takes nothing, so take what is left.
  if (taken && !taken->allowed && taken->remaining > 0) {
    taken = co_await limiter_.take(known->second, who, taken->remaining);
  }
  if (!taken) {
    log_.warn("the rate limiter failed", {{"policy", policy},
                                          {"error", name_of(taken.error().code)},
                                          {"detail", taken.error().detail}});
  }
}

http::Response Admission::refusal(const http::Request& request, const std::string& policy,
                                  const Problem& problem) const {
  auto response = http::problem_response(request, problem);
  const auto known = policies_.find(policy);
  if (known != policies_.end() && problem.type == ProblemType::rate_limited) {
    stamp(response, known->second, 0, problem.retry_after.value_or(std::chrono::seconds(1)));
  }
  return response;
}

void Admission::stamp(http::Response& response, const std::string& policy,
                      const Decision& decision) const {
  const auto known = policies_.find(policy);
  if (known == policies_.end() || decision.limit == 0) {
    return;
  }
  const RatePolicy& p = known->second;
  stamp(response, p, decision.remaining,
        time_for(p, p.burst - std::min(decision.remaining, p.burst)));
}

void Admission::stamp(http::Response& response, const RatePolicy& policy, std::uint32_t remaining,
                      std::chrono::seconds reset) const {
  const std::string name = "\"" + policy.name + "\"";
  response.set("RateLimit-Policy", name + ";q=" + std::to_string(policy.burst) + ";w=" +
                                       std::to_string(time_for(policy, policy.burst).count()));
  response.set("RateLimit",
               name + ";r=" + std::to_string(remaining) + ";t=" + std::to_string(reset.count()));
}

std::string Admission::subject(const http::Request& request) const {
  const auto digest =
      hmac_sha256(as_bytes(key_.reveal()), as_bytes(client_prefix(request.client_ip)));
  return hex(ByteView(digest).first(16));
}

void Admission::count(const std::string& policy, const char* result) {
  metrics_
      .counter("ferry_rate_limit_decisions_total", "Decisions of the rate limits.",
               {{"policy", policy}, {"result", result}})
      .add();
}

config::Schema Admission::schema() {
  using config::Field;
  using config::Type;
  config::Schema s;
  s.summary = "How often one client (an IPv4 address or an IPv6 /64) may do what.";
  s.fields.push_back(
      Field("enabled", Type::boolean, "false lifts all of these limits.").default_("true"));
  s.fields.push_back(Field("when_unavailable", Type::string,
                           "What happens while the rate limiter cannot be reached.")
                         .default_("allow")
                         .one_of_({"allow", "refuse"}));
  for (const auto& policy : kDefaults) {
    s.fields.push_back(Field(std::string(policy.name), Type::object, std::string(policy.what))
                           .children_(policy_schema(policy)));
  }
  return s;
}

std::map<std::string, RatePolicy> Admission::policies(const config::View& section) {
  std::map<std::string, RatePolicy> policies;
  if (!section.boolean("enabled")) {
    return policies;
  }
  for (const auto& policy : kDefaults) {
    const std::string name(policy.name);
    const auto& view = section.object(name);
    policies.emplace(
        name, RatePolicy(name, static_cast<std::uint32_t>(view.integer("limit")),
                         view.duration("per"), static_cast<std::uint32_t>(view.integer("burst"))));
  }
  return policies;
}

bool Admission::fail_open(const config::View& section) {
  return section.string("when_unavailable") == "allow";
}

}  // namespace ferry::api
