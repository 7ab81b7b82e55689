#include "net/address.hpp"

#include <gtest/gtest.h>

namespace ferry::net {
namespace {

std::string canonical(std::string_view text) {
  const auto ip = IpAddress::parse(text);
  return ip ? ip->text() : "?";
}

TEST(IpAddress, HasOneFormForOneHost) {
  EXPECT_EQ(canonical("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical("64:ff9b::c000:201"), "192.0.2.1");
  EXPECT_EQ(canonical("2001:DB8:0:0::1"), "2001:db8::1");
  EXPECT_EQ(canonical("fe80::1%eth0"), "fe80::1");
  for (const auto* bad : {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "::g", "[::1]", "x",
                          "1.2.3.4%eth0", "127.1"}) {
    EXPECT_EQ(canonical(bad), "?") << bad;
  }
}

TEST(IpAddress, LimitsCountByAddressOrBySixtyFourBits) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->prefix(), "192.0.2.1");
  EXPECT_EQ(IpAddress::parse("2001:db8:1:2:3:4:5:6")->prefix(), "2001:db8:1:2::/64");
}

TEST(AddressSet, ContainsNetworksOfTheRightFamily) {
  const auto set = *AddressSet::parse({"10.0.0.0/8", "192.0.2.7", "2001:db8::/33", "unix"});
  EXPECT_TRUE(set.contains("10.255.0.1"));
  EXPECT_TRUE(set.contains("::ffff:10.0.0.1"));
  EXPECT_FALSE(set.contains("11.0.0.1"));
  EXPECT_TRUE(set.contains("192.0.2.7"));
  EXPECT_FALSE(set.contains("192.0.2.8"));
  EXPECT_TRUE(set.contains("2001:db8:7fff::1"));
  EXPECT_FALSE(set.contains("2001:db8:8000::1"));
  EXPECT_TRUE(set.contains(""));
  EXPECT_FALSE(set.contains("nonsense"));
  EXPECT_FALSE(AddressSet().contains(""));
  EXPECT_TRUE(AddressSet::parse({"0.0.0.0/0"})->contains("8.8.8.8"));
}

TEST(AddressSet, NamesTheEntryThatIsWrong) {
  for (const std::string bad :
       {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "2001:db8::/129", "proxy", "10.0.0.0/8x"}) {
    const auto set = AddressSet::parse({"10.0.0.1", bad});
    ASSERT_FALSE(set) << bad;
    EXPECT_NE(set.error().detail.find(bad), std::string::npos);
  }
}

TEST(Host, IsANameOrALiteralWithPerhapsAPort) {
  for (const auto* good :
       {"a", "a-b.example", "a_b", "1.2.3.4", "[::1]", "a:1", "[::1]:65535", "a:"}) {
    EXPECT_TRUE(is_valid_host(good)) << good;
  }
  for (const auto* bad : {"", ":80", "a b", "a/b", "a@b", "a:b", "a:123456", "[::1", "[x]", "::1",
                          "[1.2.3.4]", "a,b", "[::1]x"}) {
    EXPECT_FALSE(is_valid_host(bad)) << bad;
  }
}

class Client : public testing::Test {
 protected:
  ClientView view(std::string_view peer, std::string_view forwarded_for,
                  std::string_view proto = {}, std::string_view host = {}) {
    return *client_view(peer, false, "inside", {forwarded_for, proto, host}, trusted);
  }
  AddressSet trusted = *AddressSet::parse({"10.0.0.0/8", "unix"});
};

TEST_F(Client, IsThePeerUnlessThePeerIsTrusted) {
  const auto out = view("192.0.2.1", "203.0.113.9", "https", "evil");
  EXPECT_EQ(out.ip, "192.0.2.1");
  EXPECT_FALSE(out.secure);
  EXPECT_EQ(out.host, "inside");
  EXPECT_FALSE(out.trusted_proxy);
}

TEST_F(Client, IsTheFirstUntrustedHopFromTheRight) {
  EXPECT_EQ(view("10.0.0.1", "203.0.113.9").ip, "203.0.113.9");
  EXPECT_EQ(view("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2").ip, "203.0.113.9");
  EXPECT_EQ(view("10.0.0.1", "10.0.0.3,10.0.0.2").ip, "10.0.0.3");
  EXPECT_EQ(view("10.0.0.1", "").ip, "10.0.0.1");
  EXPECT_EQ(view("", "203.0.113.9:4711").ip, "203.0.113.9");
  EXPECT_EQ(view("10.0.0.1", "[2001:db8::1]:443").ip, "2001:db8::1");
}

TEST_F(Client, StopsAtAnUnreadableHop) {
  EXPECT_EQ(view("10.0.0.1", "203.0.113.9, junk, 10.0.0.2").ip, "10.0.0.2");
  EXPECT_EQ(view("10.0.0.1", "unknown").ip, "10.0.0.1");
}

TEST_F(Client, TakesSchemeAndHostFromTheNearestProxy) {
  const auto out = view("10.0.0.1", "203.0.113.9", "http, https", "a.example, b.example:8443");
  EXPECT_TRUE(out.secure);
  EXPECT_EQ(out.host, "b.example:8443");
  EXPECT_EQ(view("10.0.0.1", "203.0.113.9", "https", "not a host").host, "inside");
}

TEST_F(Client, RefusesEndlessChains) {
  const std::string ten =
      "1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,2.2.2.2";
  EXPECT_EQ(view("10.0.0.1", ten).ip, "2.2.2.2");
  EXPECT_FALSE(client_view("10.0.0.1", false, "x", {ten + ",3.3.3.3", {}, {}}, trusted));
}

}  // namespace
}  // namespace ferry::net
