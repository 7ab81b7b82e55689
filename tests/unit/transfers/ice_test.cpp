#include "transfers/ice.hpp"

#include <gtest/gtest.h>

using namespace ferry;
using namespace ferry::transfers;

namespace {

std::string problem(std::string_view text) {
  const auto servers = parse_ice_servers(text);
  return servers ? std::string("accepted") : servers.error().text;
}

bool says(std::string_view text, std::string_view part) {
  return problem(text).find(part) != std::string::npos;
}

}  // namespace

TEST(IceServers, ReadsTheListOfRtcConfiguration) {
  const auto servers = parse_ice_servers(R"([
    {"urls": "stun:stun.example.org:3478"},
    {"urls": ["turn:t.example.org?transport=udp", "turns:[2001:db8::1]:443?transport=tcp"],
     "username": "u", "credential": "c", "credentialType": "password"}])");
  ASSERT_TRUE(servers) << servers.error().text;
  ASSERT_EQ(servers->size(), 2u);
  EXPECT_EQ((*servers)[0].urls, std::vector<std::string>{"stun:stun.example.org:3478"});
  EXPECT_FALSE((*servers)[0].has_credentials());
  EXPECT_EQ((*servers)[1].urls.size(), 2u);
  EXPECT_EQ((*servers)[1].username, "u");
  EXPECT_EQ((*servers)[1].credential.reveal(), "c");
}

TEST(IceServers, EmptyTextIsAnEmptyList) {
  for (const char* text : {"", "  \n", "[]"}) {
    const auto servers = parse_ice_servers(text);
    ASSERT_TRUE(servers);
    EXPECT_TRUE(servers->empty());
  }
}

TEST(IceServers, SaysWhatIsWrongInWords) {
  EXPECT_TRUE(says("stun:a", "not valid JSON"));
  EXPECT_TRUE(says("stun:a", "expected a JSON array"));
  EXPECT_TRUE(says(R"({"urls": "stun:a"})", "no array"));
  EXPECT_TRUE(says(R"([1])", "ICE server 1: it must be an object"));
  EXPECT_TRUE(says(R"([{"urls":"stun:a"}, {}])", "ICE server 2: \"urls\" is missing"));
  EXPECT_TRUE(says(R"([{"url": "stun:a"}])", "unknown member \"url\""));
  EXPECT_TRUE(says(R"([{"urls": [1]}])", "\"urls\" must be a string or a list of strings"));
  EXPECT_TRUE(says(R"([{"urls": []}])", "\"urls\" is empty"));
  EXPECT_TRUE(says(R"([{"urls": "http://a"}])", "must start with stun:"));
  EXPECT_TRUE(says(R"([{"urls": "turn:a"}])", "needs a username and a credential"));
  EXPECT_TRUE(says(R"([{"urls": "turn:a", "username": "u"}])", "needs a username"));
  EXPECT_TRUE(says(R"([{"urls": "stun:a", "username": 3}])", "\"username\" must be a string"));
  EXPECT_TRUE(says(R"([{"urls": "stun:a", "credentialType": "oauth"}])", "\"password\""));
}

TEST(IceUrl, AcceptsWhatBrowsersAccept) {
  for (const char* url : {"stun:a", "stun:a.example.org", "stuns:a:5349", "turn:10.0.0.1:3478",
                          "turn:a?transport=udp", "turns:a:443?transport=tcp", "stun:[::1]",
                          "stun:[2001:db8::1]:3478"}) {
    EXPECT_EQ(check_ice_url(url), "") << url;
  }
}

TEST(IceUrl, RefusesWhatBrowsersRefuse) {
  for (const char* url : {"",
                          "stun",
                          "stun:",
                          "stun://a",
                          "STUN:a",
                          "ice:a",
                          "stun:a b",
                          "stun:a:0",
                          "stun:a:65536",
                          "stun:a:",
                          "stun:a:x",
                          "stun:a?transport=udp",
                          "turn:a?transport=sctp",
                          "turn:a?x",
                          "turn:user@a",
                          "stun:[::1",
                          "stun:[]",
                          "stun:[::g]",
                          "stun:[::1]x",
                          "stun:a/b"}) {
    EXPECT_NE(check_ice_url(url), "") << url;
  }
}

TEST(TurnCredentials, FollowTheRestDraft) {
  Bytes room;
  for (int i = 0; i < 16; ++i) {
    room.push_back(static_cast<std::byte>(i));
  }
  const auto made =
      turn_credentials(Secret("north"), room, Role::sender, from_unix_ms(1'700'000'000'999));
  // python: hmac.new(b"north", username, sha1), the middle being sha256(bytes(range(16)))[:4]
  EXPECT_EQ(made.username, "1700000000:be45cb26:sender");
  EXPECT_EQ(made.credential, "PGmL9Ln7xq6rnqQKRJx+MjQ1qnA=");
}
