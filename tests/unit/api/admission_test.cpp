#include "api/admission.hpp"

#include "config/document.hpp"
#include "support/memory_backends.hpp"

#include <gtest/gtest.h>

using namespace ferry;
using namespace ferry::api;
using namespace std::chrono_literals;
using ferry::testing::MemoryBackends;

namespace {

/// A limiter that cannot be reached.
class AwayLimiter final : public RateLimiter {
 public:
  Awaitable<Result<void>> start() override { co_return Result<void>(); }
  Awaitable<Result<void>> ping() override { co_return Result<void>(); }
  Awaitable<void> stop() override { co_return; }
  bool shared() const override { return true; }
  Awaitable<Result<Decision>> take(RatePolicy, std::string, std::uint32_t) override {
    co_return Error(Errc::unavailable, "test");
  }
};

class AdmissionTest : public ::testing::Test {
 protected:
  Admission make(RateLimiter& limiter, bool fail_open = true) {
    // One unit an hour: nothing comes back while the test runs.
    std::map<std::string, RatePolicy> policies;
    policies.emplace("transfer_join", RatePolicy("transfer_join", 1, Millis(1h), 6));
    return Admission(limiter, std::move(policies), Secret("key"), fail_open, *backends.log,
                     backends.metrics);
  }
  Outcome<Decision> admit(Admission& admission, const std::string& ip,
                          const std::string& policy = "transfer_join") {
    http::Request request;
    request.client_ip = ip;
    return backends.run(admission.admit(request, policy));
  }
  void charge(Admission& admission, const std::string& ip, std::uint32_t cost) {
    http::Request request;
    request.client_ip = ip;
    backends.run(admission.charge(request, "transfer_join", cost));
  }
  static std::string header(const http::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) {
        return value;
      }
    }
    return "";
  }

  MemoryBackends backends{1};
};

TEST_F(AdmissionTest, RefusesAfterTheBurstAndSaysWhenToComeAgain) {
  auto admission = make(*backends.limiter);
  for (int i = 0; i < 6; ++i) {
    const auto decision = admit(admission, "192.0.2.1");
    ASSERT_TRUE(decision);
    EXPECT_EQ(decision->remaining, static_cast<std::uint32_t>(5 - i));
  }
  const auto refused = admit(admission, "192.0.2.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().type, ProblemType::rate_limited);
  ASSERT_TRUE(refused.error().retry_after);
  EXPECT_GT(*refused.error().retry_after, 3500s);
  EXPECT_LE(*refused.error().retry_after, 3600s);
  EXPECT_TRUE(admit(admission, "192.0.2.2"));
}

TEST_F(AdmissionTest, AnIpv6NetworkIsOneClient) {
  auto admission = make(*backends.limiter);
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(admit(admission, "2001:db8:1:2::" + std::to_string(i + 1)));
  }
  EXPECT_FALSE(admit(admission, "2001:db8:1:2:ffff::"));
  EXPECT_TRUE(admit(admission, "2001:db8:1:3::1"));
}

TEST_F(AdmissionTest, AMappedAddressIsTheIpv4Client) {
  auto admission = make(*backends.limiter);
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(admit(admission, "192.0.2.9"));
  }
  EXPECT_FALSE(admit(admission, "::ffff:192.0.2.9"));
}

TEST_F(AdmissionTest, ChargesGuessesMore) {
  auto admission = make(*backends.limiter);
  EXPECT_TRUE(admit(admission, "192.0.2.1"));
  charge(admission, "192.0.2.1", 4);
  EXPECT_TRUE(admit(admission, "192.0.2.1"));
  EXPECT_FALSE(admit(admission, "192.0.2.1"));
  // What is left is taken when the whole charge is not.
  EXPECT_TRUE(admit(admission, "192.0.2.2"));
  EXPECT_TRUE(admit(admission, "192.0.2.2"));
  EXPECT_TRUE(admit(admission, "192.0.2.2"));
  charge(admission, "192.0.2.2", 4);
  EXPECT_FALSE(admit(admission, "192.0.2.2"));
}

TEST_F(AdmissionTest, WhatHasNoPolicyIsAdmittedWithoutHeaders) {
  auto admission = make(*backends.limiter);
  const auto decision = admit(admission, "192.0.2.1", "share_create");
  ASSERT_TRUE(decision);
  http::Response response(200);
  admission.stamp(response, "share_create", *decision);
  EXPECT_TRUE(response.headers.empty());
}

TEST_F(AdmissionTest, StampsTheFieldsOfTheDraft) {
  auto admission = make(*backends.limiter);
  admit(admission, "192.0.2.1");
  const auto decision = admit(admission, "192.0.2.1");
  ASSERT_TRUE(decision);
  http::Response response(200);
  admission.stamp(response, "transfer_join", *decision);
  EXPECT_EQ(header(response, "RateLimit-Policy"), "\"transfer_join\";q=6;w=21600");
  EXPECT_EQ(header(response, "RateLimit"), "\"transfer_join\";r=4;t=7200");
}

TEST_F(AdmissionTest, AnUnreachableLimiterAdmitsOrRefusesAsConfigured) {
  AwayLimiter away;
  auto open = make(away, true);
  EXPECT_TRUE(admit(open, "192.0.2.1"));
  auto closed = make(away, false);
  const auto refused = admit(closed, "192.0.2.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().type, ProblemType::backend_unavailable);
}

TEST(AdmissionSettings, HaveAPolicyPerRouteAndCanBeLifted) {
  const auto read = [](std::string_view yaml) {
    const config::Sources none{
        [](const std::string&) { return std::optional<std::string>(); },
        [](const std::string&, std::string&) { return std::optional<std::string>(); }};
    auto document = config::Document::parse(yaml, "f.yaml", none);
    const auto& section = document.check(document.root(), Admission::schema(), "rate_limits");
    EXPECT_TRUE(document.ok()) << document.report();
    return std::pair(Admission::policies(section), Admission::fail_open(section));
  };
  const auto [policies, open] = read("{}");
  EXPECT_TRUE(open);
  ASSERT_TRUE(policies.contains("transfer_join"));
  EXPECT_EQ(policies.at("transfer_join").limit, 10u);
  EXPECT_EQ(policies.at("transfer_join").per, 1min);
  EXPECT_EQ(policies.at("transfer_join").burst, 20u);
  EXPECT_EQ(policies.at("transfer_create").burst, 20u);
  EXPECT_EQ(policies.at("upload_create").limit, 600u);
  EXPECT_EQ(policies.at("share_create").limit, 120u);

  const auto [changed, closed] =
      read("when_unavailable: refuse\ntransfer_join: {limit: 3, per: 10s, burst: 4}\n");
  EXPECT_FALSE(closed);
  EXPECT_EQ(changed.at("transfer_join").limit, 3u);
  EXPECT_EQ(changed.at("transfer_join").per, 10s);
  EXPECT_EQ(changed.at("transfer_join").burst, 4u);

  EXPECT_TRUE(read("enabled: false").first.empty());
}

}  // namespace
