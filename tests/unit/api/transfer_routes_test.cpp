#include "api/transfer_routes.hpp"

#include "api/signal_route.hpp"
#include "support/memory_backends.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

using namespace ferry;
using namespace ferry::api;
using namespace std::chrono_literals;
using ferry::testing::MemoryBackends;

namespace {

namespace json = boost::json;
const Secret kMaster(std::string(32, 'm'));

/// A body that is there already.
class TextBody final : public http::Body {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::optional<std::uint64_t> length() const override { return text_.size(); }
  Awaitable<Result<ByteView>> read() override {
    if (std::exchange(done_, true)) {
      co_return ByteView();
    }
    co_return as_bytes(text_);
  }

 private:
  std::string text_;
  bool done_ = false;
};

struct Answer {
  unsigned status = 0;
  json::object body;
  std::map<std::string, std::string> headers;
  bool upgrade = false;
  std::string text(const char* key) const { return std::string(body.at(key).as_string()); }
  std::string problem() const {
    return text("type").substr(std::string("urn:ferry:problem:").size());
  }
};

class TransferRoutesTest : public ::testing::Test {
 protected:
  TransferRoutesTest() {
    transfers::Settings settings;
    settings.ice_servers =
        transfers::parse_ice_servers(
            R"([{"urls":"stun:a"},{"urls":["turn:b"],"username":"u","credential":"c"}])")
            .value();
    transfers = std::make_unique<transfers::TransferService>(
        *backends.storage, *backends.signaling, keys, kMaster, settings,
        [this](std::string id) -> Awaitable<Outcome<WallTime>> {
          if (id != "share1") {
            co_return Problem(ProblemType::not_found);
          }
          co_return transfers->now() + 24h;
        },
        *backends.log, backends.metrics);
    hub = std::make_unique<transfers::SignalingHub>(*backends.signaling, *transfers, *backends.log,
                                                    backends.metrics);
    std::map<std::string, RatePolicy> policies;
    policies.emplace("transfer_create", RatePolicy("transfer_create", 1, Millis(1h), 100));
    policies.emplace("transfer_join", RatePolicy("transfer_join", 1, Millis(1h), 10));
    admission = std::make_unique<Admission>(*backends.limiter, policies, Secret("key"), true,
                                            *backends.log, backends.metrics);
    ClassicLimits limits;
    limits.max_bytes = 10;
    limits.max_files = 500;
    limits.default_expiry = 24h;
    limits.max_expiry = 7 * 24h;
    add_transfer_routes(router, *transfers, *admission, limits, "1.2.3");
    add_signal_route(router, *hub, *admission, {});
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;
  Answer ask(http::Method method, const std::string& path, const std::string& body = "",
             Headers headers = {}) {
    http::Request request;
    request.method = method;
    request.path = path;
    request.target = path;
    request.id = "0123456789012345678901";
    request.client_ip = client_ip;
    request.host = "ferry.example.org";
    request.headers = std::move(headers);
    TextBody text(body);
    request.body = &text;
    const auto match = router.find(request);
    EXPECT_NE(match.handler, nullptr) << path;
    auto response = backends.run((*match.handler)(request));
    Answer answer;
    answer.status = response.status;
    for (const auto& [name, value] : response.headers) {
      answer.headers[name] = value;
    }
    answer.upgrade = std::holds_alternative<http::Upgrade>(response.body);
    if (const auto* out = std::get_if<std::string>(&response.body);
        out != nullptr && !out->empty()) {
      answer.body = json::parse(*out).as_object();
    }
    return answer;
  }
  Answer post(const std::string& what, const std::string& body = "", const std::string& token = "",
              Headers headers = {}) {
    if (!token.empty()) {
      headers.emplace_back("authorization", "Bearer " + token);
    }
    return ask(http::Method::post, "/api/transfer/" + what, body, std::move(headers));
  }
  static std::string code_body(const std::string& code) { return R"({"code":")" + code + "\"}"; }

  MemoryBackends backends{1};
  TokenKeys keys{kMaster};
  std::unique_ptr<transfers::TransferService> transfers;
  std::unique_ptr<transfers::SignalingHub> hub;
  std::unique_ptr<Admission> admission;
  http::Router router;
  std::string client_ip = "192.0.2.1";
};

TEST_F(TransferRoutesTest, CreateAnswersAsDocumented) {
  const Answer a = post("create", "{}");
  EXPECT_EQ(a.status, 201u);
  EXPECT_EQ(a.text("transfer_id").size(), 32u);
  EXPECT_EQ(a.text("code").size(), 9u);
  EXPECT_EQ(a.text("role"), "sender");
  EXPECT_EQ(a.text("signaling_url"), "/api/signal");
  EXPECT_EQ(a.text("code_expires_at").size(), 20u);
  EXPECT_EQ(a.text("session_expires_at").size(), 20u);
  EXPECT_TRUE(transfers->session(a.text("token")));
  EXPECT_EQ(a.headers.at("Cache-Control"), "no-store");
  EXPECT_EQ(a.headers.at("RateLimit"), "\"transfer_create\";r=99;t=3600");
  EXPECT_EQ(post("create").status, 201u) << "the body may be absent";
}

TEST_F(TransferRoutesTest, JoinAnswersAsDocumented) {
  const Answer created = post("create");
  const Answer a = post("join", code_body(created.text("code")));
  EXPECT_EQ(a.status, 200u);
  EXPECT_EQ(a.text("transfer_id"), created.text("transfer_id"));
  EXPECT_EQ(a.text("role"), "receiver");
  EXPECT_EQ(a.text("session_expires_at"), created.text("session_expires_at"));
  EXPECT_EQ(a.text("signaling_url"), "/api/signal");
  EXPECT_TRUE(a.body.at("share").is_null());
}

TEST_F(TransferRoutesTest, JoinSaysWhatIsWrong) {
  const auto refused = [this](const std::string& body, unsigned status) {
    const Answer a = post("join", body);
    EXPECT_EQ(a.status, status) << body;
    return a.problem();
  };
  EXPECT_EQ(refused("{", 400), "invalid-request");
  EXPECT_EQ(refused("[]", 400), "invalid-request");
  EXPECT_EQ(refused("", 400), "invalid-request");
  EXPECT_EQ(refused(R"({"code":5})", 400), "invalid-request");
  EXPECT_EQ(refused(code_body("K7Q"), 400), "malformed-code");
  client_ip = "192.0.2.2";
  EXPECT_EQ(refused(code_body("K7QM-2XWD"), 404), "unknown-code");
  client_ip = "192.0.2.3";
  const Answer created = post("create");
  EXPECT_EQ(post("join", code_body(created.text("code"))).status, 200u);
  EXPECT_EQ(refused(code_body(created.text("code")), 409), "taken");
  EXPECT_EQ(post("close", "", created.text("token")).status, 204u);
  EXPECT_EQ(refused(code_body(created.text("code")), 410), "expired");
  EXPECT_EQ(refused(R"({"code":")" + std::string(70'000, 'A') + "\"}", 413), "too-large");
}

TEST_F(TransferRoutesTest, GuessingIsLimitedSooner) {
  // Ten units: a miss costs five.
  EXPECT_EQ(post("join", code_body("K7QM-2XWD")).status, 404u);
  EXPECT_EQ(post("join", code_body("K7QM-2XWE")).status, 404u);
  const Answer a = post("join", code_body("K7QM-2XWF"));
  EXPECT_EQ(a.status, 429u);
  EXPECT_EQ(a.problem(), "rate-limited");
  EXPECT_TRUE(a.headers.contains("Retry-After"));
  EXPECT_EQ(backends.metrics
                .counter("ferry_code_lookups_total", "Codes that were tried, by outcome.",
                         {{"result", "limited"}})
                .value(),
            1u);
}

TEST_F(TransferRoutesTest, HandoffLeadsLaterReceiversToTheShare) {
  const Answer created = post("create");
  const std::string token = created.text("token");
  EXPECT_EQ(post("handoff", R"({"share":"share1"})").problem(), "token-invalid");
  EXPECT_EQ(post("handoff", R"({"share":"other"})", token).problem(), "not-found");
  EXPECT_EQ(post("handoff", "{}", token).problem(), "invalid-request");
  EXPECT_EQ(post("handoff", R"({"share":"share1"})", token).status, 204u);
  const Answer joined = post("join", code_body(created.text("code")));
  EXPECT_EQ(joined.status, 200u);
  EXPECT_EQ(joined.body.at("share").at("id"), "share1");
  EXPECT_EQ(post("handoff", R"({"share":"share1"})", joined.text("token")).problem(), "wrong-role");
}

TEST_F(TransferRoutesTest, CloseNeedsAToken) {
  EXPECT_EQ(post("close").status, 401u);
  EXPECT_EQ(post("close", "", "st1.forged").problem(), "token-invalid");
}

TEST_F(TransferRoutesTest, PagesOfOthersAreRefused) {
  for (const char* route : {"create", "join", "handoff", "close"}) {
    const Answer a = post(route, "{}", "", {{"origin", "https://evil.example"}});
    EXPECT_EQ(a.status, 403u) << route;
    EXPECT_EQ(a.problem(), "origin-denied");
  }
  EXPECT_EQ(post("create", "{}", "", {{"origin", "https://ferry.example.org"}}).status, 201u);
}

TEST_F(TransferRoutesTest, ConfigShowsCredentialsOnlyToASession) {
  const Answer a = ask(http::Method::get, "/api/transfer/config");
  EXPECT_EQ(a.status, 200u);
  EXPECT_EQ(json::serialize(a.body.at("ice_servers")), R"([{"urls":["stun:a"]}])");
  EXPECT_EQ(a.text("ice_transport_policy"), "all");
  EXPECT_EQ(a.body.at("connect_timeout"), 8);
  EXPECT_EQ(json::serialize(a.body.at("upload")),
            R"({"max_bytes":10,"chunk_bytes":0,"endpoint":"/api/uploads"})");
  EXPECT_EQ(json::serialize(a.body.at("share")),
            R"({"max_files":500,"default_expiry":86400,"max_expiry":604800})");
  EXPECT_EQ(a.text("version"), "1.2.3");

  const Answer created = post("create");
  const Answer mine = ask(http::Method::get, "/api/transfer/config", "",
                          {{"authorization", "Bearer " + created.text("token")}});
  EXPECT_EQ(json::serialize(mine.body.at("ice_servers").at(1)),
            R"({"urls":["turn:b"],"username":"u","credential":"c"})");
}

TEST_F(TransferRoutesTest, SignalIsAWebSocketOfOneSubprotocol) {
  const Headers good{{"upgrade", "websocket"},
                     {"connection", "Upgrade"},
                     {"sec-websocket-version", "13"},
                     {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
                     {"sec-websocket-protocol", "other, ferry.signal.v1"}};
  const auto signal = [this](const Headers& headers) {
    return ask(http::Method::get, "/api/signal", "", headers);
  };
  const Answer a = signal(good);
  EXPECT_EQ(a.status, 101u);
  EXPECT_TRUE(a.upgrade);
  EXPECT_EQ(a.headers.at("Sec-WebSocket-Protocol"), "ferry.signal.v1");

  Headers other = good;
  other.back().second = "other";
  EXPECT_EQ(signal(other).status, 400u);
  EXPECT_EQ(signal({}).status, 400u);
  Headers foreign = good;
  foreign.emplace_back("origin", "https://evil.example");
  EXPECT_EQ(signal(foreign).problem(), "origin-denied");
  // The page's own origin also where a proxy ends TLS.
  Headers own = good;
  own.emplace_back("origin", "https://ferry.example.org");
  EXPECT_EQ(signal(own).status, 101u);
}

}  // namespace
