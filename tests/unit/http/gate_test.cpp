#include "http/gate.hpp"

#include <gtest/gtest.h>

namespace ferry::http {
namespace {

/// The status that a block is refused with; 0 = accepted.
unsigned verdict(const std::string& block) {
  const auto head = parse_head(block);
  return head ? 0 : info(head.error().type).status;
}

std::string with(const std::string& line, const std::string& fields = "Host: x\r\n") {
  return line + "\r\n" + fields + "\r\n";
}

struct Case {
  const char* name;
  std::string block;
  unsigned status;
};

class Gate : public testing::TestWithParam<Case> {};

TEST_P(Gate, Decides) {
  EXPECT_EQ(verdict(GetParam().block), GetParam().status) << GetParam().block;
}

const std::string kGet = "GET / HTTP/1.1";
const std::string kPost = "POST / HTTP/1.1";
const std::string kHost = "Host: x\r\n";

std::string many_fields(int n) {
  std::string out = kHost;
  for (int i = 1; i < n; ++i) {
    out += "A" + std::to_string(i) + ": b\r\n";
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Hostile, Gate,
    testing::Values(
        Case{"TeUnknown", with(kPost, kHost + "Transfer-Encoding: xchunked\r\n"), 400},
        Case{"TeIdentityAfterChunked",
             with(kPost, kHost + "Transfer-Encoding: chunked, identity\r\n"), 400},
        Case{"TeGzipChunked", with(kPost, kHost + "Transfer-Encoding: gzip, chunked\r\n"), 400},
        Case{"TeTwice",
             with(kPost, kHost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
             400},
        Case{"TeEmpty", with(kPost, kHost + "Transfer-Encoding:\r\n"), 400},
        Case{"TeQuoted", with(kPost, kHost + "Transfer-Encoding: \"chunked\"\r\n"), 400},
        Case{"TeWithLength",
             with(kPost, kHost + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
        Case{"TeOnHttp10", with("GET / HTTP/1.0", kHost + "Transfer-Encoding: chunked\r\n"), 400},
        Case{"TeNameWithSpace", with(kPost, kHost + "Transfer-Encoding : chunked\r\n"), 400},
        Case{"TeVerticalTab",
             with(kPost, kHost + "Transfer-Encoding: \x0b"
                                 "chunked\r\n"),
             400},
        Case{"LengthTwice", with(kPost, kHost + "Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
        Case{"LengthList", with(kPost, kHost + "Content-Length: 3, 3\r\n"), 400},
        Case{"LengthPlus", with(kPost, kHost + "Content-Length: +3\r\n"), 400},
        Case{"LengthNegative", with(kPost, kHost + "Content-Length: -1\r\n"), 400},
        Case{"LengthHex", with(kPost, kHost + "Content-Length: 0x3\r\n"), 400},
        Case{"LengthEmpty", with(kPost, kHost + "Content-Length:\r\n"), 400},
        Case{"LengthOverflow", with(kPost, kHost + "Content-Length: 18446744073709551617\r\n"),
             400},
        Case{"LengthBeyond2To53", with(kPost, kHost + "Content-Length: 9007199254740993\r\n"), 400},
        Case{"HostMissing", with(kGet, "A: b\r\n"), 400},
        Case{"HostTwice", with(kGet, kHost + "Host: y\r\n"), 400},
        Case{"HostEmpty", with(kGet, "Host:\r\n"), 400},
        Case{"HostUserinfo", with(kGet, "Host: a@b\r\n"), 400},
        Case{"HostPath", with(kGet, "Host: a/b\r\n"), 400},
        Case{"HostBadPort", with(kGet, "Host: a:b\r\n"), 400},
        Case{"HostList", with(kGet, "Host: a, b\r\n"), 400},
        Case{"ObsFold", with(kGet, kHost + "A: b\r\n c\r\n"), 400},
        Case{"ObsFoldFirst", with(kGet, " Host: x\r\n"), 400},
        Case{"BareCr", with(kGet, kHost + "A: b\rC: d\r\n"), 400},
        Case{"BareLf", with(kGet, kHost + "A: b\nC: d\r\n"), 400},
        Case{"Nul", with(kGet, kHost + std::string("A: b\0c\r\n", 8)), 400},
        Case{"NameUnderscore", with(kGet, kHost + "Content_Length: 3\r\n"), 400},
        Case{"NameEmpty", with(kGet, kHost + ": b\r\n"), 400},
        Case{"NoColon", with(kGet, kHost + "A\r\n"), 400},
        Case{"TooManyFields", with(kGet, many_fields(101)), 431},
        Case{"TargetAbsolute", with("GET http://x/ HTTP/1.1"), 400},
        Case{"TargetAsterisk", with("OPTIONS * HTTP/1.1"), 400},
        Case{"TargetControl", with("GET /a\x7f HTTP/1.1"), 400},
        Case{"TargetHighByte", with("GET /\xc3\xa4 HTTP/1.1"), 400},
        Case{"TargetFragment", with("GET /a#b HTTP/1.1"), 400},
        Case{"TargetBadPercent", with("GET /%zz HTTP/1.1"), 400},
        Case{"TargetShortPercent", with("GET /%a HTTP/1.1"), 400},
        Case{"TargetNul", with("GET /a%00b HTTP/1.1"), 400},
        Case{"TargetDotDot", with("GET /a/../b HTTP/1.1"), 400},
        Case{"TargetEncodedDotDot", with("GET /a/%2e%2e/b HTTP/1.1"), 400},
        Case{"TargetEncodedSlashDotDot", with("GET /a%2f..%2fb HTTP/1.1"), 400},
        Case{"TargetTooLong", with("GET /" + std::string(4096, 'a') + " HTTP/1.1"), 414},
        Case{"TwoSpaces", with("GET  / HTTP/1.1"), 400},
        Case{"TrailingSpace", with("GET / HTTP/1.1 "), 400},
        Case{"TabSeparated", with("GET\t/\tHTTP/1.1"), 400}, Case{"NoVersion", with("GET /"), 400},
        Case{"Http2", "PRI * HTTP/2.0\r\n\r\n", 400},
        Case{"Http09Version", with("GET / HTTP/0.9"), 400},
        Case{"VersionCase", with("GET / http/1.1"), 400},
        Case{"UnknownMethod", with("BREW / HTTP/1.1"), 501},
        Case{"LowerCaseMethod", with("get / HTTP/1.1"), 501},
        Case{"Connect", with("CONNECT x:1 HTTP/1.1"), 501},
        Case{"MethodNoToken", with("G@T / HTTP/1.1"), 400},
        Case{"GetWithBody", with(kGet, kHost + "Content-Length: 1\r\n"), 400},
        Case{"HeadChunked", with("HEAD / HTTP/1.1", kHost + "Transfer-Encoding: chunked\r\n"), 400},
        Case{"UpgradeWithBody",
             with(kPost,
                  kHost + "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n"),
             400},
        Case{"PostHttp10", with("POST / HTTP/1.0", kHost + "Content-Length: 1\r\n"), 400},
        Case{"ExpectOther", with(kPost, kHost + "Content-Length: 1\r\nExpect: 200-ok\r\n"), 400},
        Case{"ContentEncoding",
             with(kPost, kHost + "Content-Length: 1\r\nContent-Encoding: gzip\r\n"), 415},
        Case{"AuthorizationTwice", with(kGet, kHost + "Authorization: a\r\nAuthorization: b\r\n"),
             400},
        Case{"Empty", "\r\n\r\n", 400}, Case{"NoEnd", "GET / HTTP/1.1\r\nHost: x\r\n", 400},
        Case{"EmptyLineFirst", "\r\n" + with(kGet), 400}),
    [](const auto& param) { return param.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Good, Gate,
    testing::Values(Case{"Plain", with(kGet), 0},
                    Case{"HostPort", with(kGet, "Host: files.example:8080\r\n"), 0},
                    Case{"HostIpv6", with(kGet, "Host: [::1]:8080\r\n"), 0},
                    Case{"HundredFields", with(kGet, many_fields(100)), 0},
                    Case{"Chunked", with(kPost, kHost + "transfer-ENCODING: Chunked\r\n"), 0},
                    Case{"Length", with(kPost, kHost + "Content-Length: 9007199254740992\r\n"), 0},
                    Case{"LengthZeroOnGet", with(kGet, kHost + "Content-Length: 0\r\n"), 0},
                    Case{"Http10", with("GET / HTTP/1.0"), 0},
                    Case{"Continue",
                         with(kPost, kHost + "Content-Length: 1\r\nExpect: 100-Continue\r\n"), 0},
                    Case{"ObsText", with(kGet, kHost + "A: \xe4\r\n"), 0},
                    Case{"EncodedPath", with("GET /%E5%90%8D?q=%20 HTTP/1.1"), 0},
                    Case{"DotsInNames", with("GET /a..b/.hidden/c. HTTP/1.1"), 0},
                    Case{"RepeatedList", with(kGet, kHost + "Accept: a\r\nAccept: b\r\n"), 0}),
    [](const auto& param) { return param.param.name; });

TEST(GateHead, SaysWhatTheRequestIs) {
  const auto head = parse_head(
      "PUT /a%2Fb/%E5%90%8D.txt?x=%31 HTTP/1.1\r\nHOST: Files.example\r\nContent-Length: 7\r\n"
      "Expect: 100-continue\r\nAccept:  a \r\nACCEPT: b\r\nCookie: c=1\r\nCookie: d=2\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method, Method::put);
  EXPECT_EQ(head->target, "/a%2Fb/%E5%90%8D.txt?x=%31");
  EXPECT_EQ(head->path, "/a/b/\xe5\x90\x8d.txt");
  EXPECT_EQ(head->query, "x=%31");
  EXPECT_EQ(head->host, "Files.example");
  EXPECT_EQ(head->length, 7u);
  EXPECT_TRUE(head->expects_continue);
  EXPECT_TRUE(head->keep_alive);
  const std::vector<std::pair<std::string, std::string>> fields{{"host", "Files.example"},
                                                                {"content-length", "7"},
                                                                {"expect", "100-continue"},
                                                                {"accept", "a, b"},
                                                                {"cookie", "c=1; d=2"}};
  EXPECT_EQ(head->fields, fields);
}

TEST(GateHead, ReadsConnectionOptions) {
  EXPECT_FALSE(parse_head(with(kGet, kHost + "Connection: foo, Close\r\n"))->keep_alive);
  EXPECT_FALSE(parse_head(with("GET / HTTP/1.0"))->keep_alive);
  EXPECT_TRUE(parse_head(with("GET / HTTP/1.0", kHost + "Connection: Keep-Alive\r\n"))->keep_alive);
  EXPECT_TRUE(
      parse_head(with(kGet, kHost + "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"))
          ->upgrades);
  EXPECT_FALSE(parse_head(with(kGet, kHost + "Upgrade: websocket\r\n"))->upgrades);
}

TEST(HeadScanner, FindsTheEndHoweverTheBytesArrive) {
  const std::string block = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  HeadScanner scanner;
  for (std::size_t n = 0; n < block.size(); ++n) {
    EXPECT_EQ(scanner.scan(block.substr(0, n)), HeadScanner::State::more) << n;
  }
  EXPECT_EQ(scanner.scan(block + "body\r\n\r\n"), HeadScanner::State::complete);
  EXPECT_EQ(scanner.size(), block.size());
}

TEST(HeadScanner, RefusesBareLineFeedsAndEndlessHeaders) {
  EXPECT_EQ(HeadScanner().scan("GET / HTTP/1.1\n"), HeadScanner::State::malformed);
  EXPECT_EQ(HeadScanner().scan("\r\n"), HeadScanner::State::malformed);
  EXPECT_EQ(HeadScanner().scan("GET / HTTP/1.1\r\n\n"), HeadScanner::State::malformed);
  EXPECT_EQ(HeadScanner().scan(std::string(kMaxHead, 'a')), HeadScanner::State::too_large);
}

TEST(HostAllowed, ComparesWithoutCaseAndPort) {
  EXPECT_TRUE(host_allowed("anything", {}));
  EXPECT_TRUE(host_allowed("A.example:81", {"a.example"}));
  EXPECT_TRUE(host_allowed("[::1]:81", {"[::1]"}));
  EXPECT_TRUE(host_allowed("[::1]", {"[::1]"}));
  EXPECT_TRUE(host_allowed("a.example:81", {"a.example:81"}));
  EXPECT_FALSE(host_allowed("a.example:82", {"a.example:81"}));
  EXPECT_FALSE(host_allowed("a.example.evil", {"a.example"}));
}

}  // namespace
}  // namespace ferry::http
