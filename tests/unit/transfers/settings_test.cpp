#include "transfers/settings.hpp"

#include "config/document.hpp"

#include <gtest/gtest.h>

using namespace ferry;
using namespace std::chrono_literals;
using ferry::transfers::Settings;

namespace {

struct Read {
  std::vector<std::string> problems;
  Settings settings;
};

Read read(std::string_view yaml) {
  const config::Sources sources{
      [](const std::string&) { return std::optional<std::string>(); },
      [](const std::string&, std::string&) { return std::optional<std::string>(); }};
  auto document = config::Document::parse(yaml, "f.yaml", sources);
  const auto& section = document.check(document.root(), Settings::schema(), "live");
  std::vector<config::Problem> found;
  Settings::validate(section, found);
  for (auto& problem : found) {
    document.add(std::move(problem));
  }
  Read out;
  for (const auto& problem : document.problems()) {
    out.problems.push_back(config::to_string(problem));
  }
  out.settings = Settings::read(section);
  return out;
}

/// The only problem of a section.
std::string problem(std::string_view yaml) {
  const Read r = read(yaml);
  EXPECT_EQ(r.problems.size(), 1u) << ::testing::PrintToString(r.problems);
  return r.problems.empty() ? "" : r.problems.front();
}

bool says(std::string_view yaml, std::string_view part) {
  const auto text = problem(yaml);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST(LiveSettings, AnEmptySectionGivesTheDefaults) {
  const Read r = read("{}");
  EXPECT_TRUE(r.problems.empty()) << ::testing::PrintToString(r.problems);
  const Settings& s = r.settings;
  EXPECT_EQ(s.code_ttl, 1h);
  EXPECT_EQ(s.session_ttl, 12h);
  EXPECT_EQ(s.connect_timeout, 8s);
  EXPECT_EQ(s.idle_timeout, 5min);
  EXPECT_EQ(s.max_message_bytes, 65536u);
  EXPECT_EQ(s.messages_per_second, 50u);
  EXPECT_EQ(s.burst, 200u);
  EXPECT_EQ(s.signaling_url, "/api/signal");
  EXPECT_EQ(s.ice_transport_policy, "all");
  EXPECT_TRUE(s.ice_servers.empty());
  EXPECT_TRUE(s.turn.secret.empty());
  EXPECT_EQ(s.turn.ttl, 1h);
}

TEST(LiveSettings, ReadsEverything) {
  const Read r = read(R"(
code_ttl: 10m
session_ttl: 2h
public_signaling_url: "wss://signal.example.org/api/signal"
allowed_origins: ["https://share.example.org"]
ice_transport_policy: relay
ice_servers:
  - urls: ["stun:a"]
  - urls: ["turn:b"]
    username: u
    credential: c
ice_servers_json: '[{"urls": "stun:d"}]'
turn:
  secret: north
  urls: ["turn:e?transport=tcp"]
  ttl: 30m
)");
  EXPECT_TRUE(r.problems.empty()) << ::testing::PrintToString(r.problems);
  const Settings& s = r.settings;
  EXPECT_EQ(s.code_ttl, 10min);
  EXPECT_EQ(s.signaling_url, "wss://signal.example.org/api/signal");
  EXPECT_EQ(s.allowed_origins, std::vector<std::string>{"https://share.example.org"});
  EXPECT_EQ(s.ice_transport_policy, "relay");
  ASSERT_EQ(s.ice_servers.size(), 3u);
  EXPECT_EQ(s.ice_servers[1].credential.reveal(), "c");
  EXPECT_EQ(s.ice_servers[2].urls[0], "stun:d");
  EXPECT_EQ(s.turn.secret.reveal(), "north");
  EXPECT_EQ(s.turn.ttl, 30min);
}

TEST(LiveSettings, SaysInWordsAndWithThePlaceWhatIsWrong) {
  EXPECT_TRUE(says("ice_servers_json: 'stun:a'", "f.yaml:1:19: live.ice_servers_json: "));
  EXPECT_TRUE(says("ice_servers_json: 'stun:a'", "expected a JSON array"));
  EXPECT_TRUE(says("ice_servers_json: '[{\"urls\":\"turn:a\"}]'", "needs a username"));
  EXPECT_TRUE(says("ice_servers:\n  - urls: [\"stun:a\"]\n  - urls: [\"http:b\"]",
                   "live.ice_servers[1].urls: \"http:b\" is not an ICE server URL"));
  EXPECT_TRUE(says("code_ttl: 13h", "code_ttl must not be longer than session_ttl"));
  EXPECT_TRUE(says("session_ttl: 25h", "session_ttl"));
  EXPECT_TRUE(says("public_signaling_url: 'http://a'", "expected a ws:// or wss:// URL"));
  EXPECT_TRUE(says("public_signaling_url: '//a'", "expected a ws:// or wss:// URL"));
  EXPECT_TRUE(says("allowed_origins: ['*']", "is not an origin"));
  EXPECT_TRUE(says("allowed_origins: ['https://a/']", "is not an origin"));
  EXPECT_TRUE(says("turn: {secret: x}", "turn.urls is empty"));
  EXPECT_TRUE(says("turn: {secret: x, urls: ['stun:a']}", "is no TURN server"));
  EXPECT_TRUE(says("ice_transport_policy: some", "ice_transport_policy"));
}
