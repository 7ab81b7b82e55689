#include "transfers/signaling_message.hpp"

#include <gtest/gtest.h>
#include <string>

using namespace ferry::transfers;

namespace {

std::string_view scan(std::string_view text) {
  static Envelope ignored;
  return scan_message(text, ignored);
}

std::string offer(std::string_view payload) {
  return R"({"type":"offer","seq":1,"ack":0,"payload":)" + std::string(payload) + "}";
}

std::string nested(std::size_t levels, char open, char close) {
  return R"({"a":)" + std::string(levels, open) + std::string(levels, close) + "}";
}

}  // namespace

TEST(SignalingMessage, ReadsRelayedMessages) {
  const std::string text =
      R"( {"type":"offer", "seq":7,"ack":0,"payload":{"description":{"type":"offer","sdp":"v=0\r\n"}}} )";
  Envelope m;
  ASSERT_EQ(scan_message(text, m), "");
  EXPECT_EQ(m.type, MessageType::offer);
  EXPECT_EQ(m.seq, 7u);
  EXPECT_EQ(m.ack, 0u);
  EXPECT_EQ(m.payload, R"({"description":{"type":"offer","sdp":"v=0\r\n"}})");
}

TEST(SignalingMessage, ReadsMembersInAnyOrder) {
  Envelope m;
  ASSERT_EQ(scan_message(R"({"payload":{},"ack":9007199254740991,"type":"control","seq":1})", m),
            "");
  EXPECT_EQ(m.type, MessageType::control);
  EXPECT_EQ(m.ack, 9007199254740991u);
  EXPECT_EQ(m.payload, "{}");
}

TEST(SignalingMessage, ReadsTheShortTypes) {
  Envelope m;
  ASSERT_EQ(scan_message(R"({"type":"hello","token":"st1.a_b-c.d"})", m), "");
  EXPECT_EQ(m.type, MessageType::hello);
  EXPECT_EQ(m.token, "st1.a_b-c.d");
  ASSERT_EQ(scan_message(R"({"type":"ack","ack":3})", m), "");
  EXPECT_EQ(m.type, MessageType::ack);
  EXPECT_EQ(m.ack, 3u);
  ASSERT_EQ(scan_message(R"({"type":"ping"})", m), "");
  EXPECT_EQ(m.type, MessageType::ping);
  ASSERT_EQ(scan_message(R"({"type":"bye"})", m), "");
  EXPECT_EQ(m.type, MessageType::bye);
}

TEST(SignalingMessage, AcceptsEveryKindOfValueInThePayload) {
  for (const char* payload :
       {R"({})", R"({"a":[]})", R"({"a":[1,-0,0.5,1e3,-1.25E-7,1E+2]})",
        R"({"a":[true,false,null]})", R"({"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})",
        "{\"a\":\"\u00E9\U0001F600\"}", R"({ "a" : { "b" : [ { } , [ ] ] } , "c" : 0 })",
        R"({"":"","":1})"}) {
    EXPECT_EQ(scan(offer(payload)), "") << payload;
  }
}

TEST(SignalingMessage, RefusesPayloadsThatAreNotJson) {
  for (const char* payload : {R"({)",
                              R"({"a"})",
                              R"({"a":})",
                              R"({"a":1,})",
                              R"({,})",
                              R"({a:1})",
                              R"({"a":[1,]})",
                              R"({"a":[1 2]})",
                              R"({"a":[1}})",
                              R"({"a":01})",
                              R"({"a":1.})",
                              R"({"a":.5})",
                              R"({"a":+1})",
                              R"({"a":-})",
                              R"({"a":1e})",
                              R"({"a":1e+})",
                              R"({"a":1e999999999999})",
                              R"({"a":tru})",
                              R"({"a":True})",
                              R"({"a":nan})",
                              R"({"a":'b'})",
                              "{\"a\":\"\n\"}",
                              "{\"a\":\"\x01\"}",
                              R"({"a":"\x"})",
                              R"({"a":"\u12"})",
                              R"({"a":"\u12g4"})",
                              R"({"a":"\ud800"})",
                              R"({"a":"\ud800\u0041"})",
                              R"({"a":"\udc00"})",
                              R"({"a":"\ud800\ud800"})",
                              R"({"a":"b)",
                              R"({"a":1 /* no */})"}) {
    EXPECT_EQ(scan(offer(payload)), "the message is not JSON") << payload;
  }
}

TEST(SignalingMessage, FindsControlCharactersAtEveryOffset) {
  for (std::size_t at = 0; at < 24; ++at) {
    std::string text(24, 'x');
    EXPECT_EQ(scan(offer("{\"a\":\"" + text + "\"}")), "");
    text[at] = '\x1F';
    EXPECT_NE(scan(offer("{\"a\":\"" + text + "\"}")), "") << at;
    text[at] = '\x7F';
    EXPECT_EQ(scan(offer("{\"a\":\"" + text + "\"}")), "") << at;
    text.replace(at, 1, "\\n");
    EXPECT_EQ(scan(offer("{\"a\":\"" + text + "\"}")), "") << at;
    text.replace(at, 2, "\u00FF");
    EXPECT_EQ(scan(offer("{\"a\":\"" + text + "\"}")), "") << at;
  }
}

TEST(SignalingMessage, LimitsTheDepth) {
  // The envelope and the payload are two levels.
  EXPECT_EQ(scan(offer(nested(14, '[', ']'))), "");
  EXPECT_EQ(scan(offer(nested(15, '[', ']'))), "the message is nested too deeply");
  EXPECT_EQ(scan(offer("{\"a\":" + std::string(60000, '['))), "the message is nested too deeply");
}

TEST(SignalingMessage, ChecksNumbersOfTheEnvelope) {
  const auto with_seq = [](std::string_view seq) {
    return scan(R"({"type":"offer","seq":)" + std::string(seq) + R"(,"ack":0,"payload":{}})");
  };
  EXPECT_EQ(with_seq("1"), "");
  EXPECT_EQ(with_seq("9007199254740991"), "");
  for (const char* bad : {"0", "-1", "01", "1.0", "1e1", "1E1", "9007199254740992",
                          "18446744073709551617", "\"1\"", "null", "[]", ""}) {
    EXPECT_NE(with_seq(bad), "") << bad;
  }
  EXPECT_NE(scan(R"({"type":"ack","ack":-1})"), "");
  EXPECT_NE(scan(R"({"type":"ack","ack":0.0})"), "");
  EXPECT_EQ(scan(R"({"type":"ack","ack":0})"), "");
}

TEST(SignalingMessage, WantsExactlyTheMembersOfTheType) {
  for (const char* bad : {
           R"({})",
           R"({"seq":1,"ack":0,"payload":{}})",
           R"({"type":"offer"})",
           R"({"type":"offer","seq":1,"payload":{}})",
           R"({"type":"offer","seq":1,"ack":0})",
           R"({"type":"offer","seq":1,"ack":0,"payload":[]})",
           R"({"type":"offer","seq":1,"ack":0,"payload":null})",
           R"({"type":"offer","seq":1,"ack":0,"payload":{},"room":"x"})",
           R"({"type":"offer","seq":1,"ack":0,"payload":{},"token":"x"})",
           R"({"type":"ack","ack":1,"seq":1})",
           R"({"type":"hello"})",
           R"({"type":"hello","token":7})",
           R"({"type":"ping","ack":1})",
           R"({"type":"welcome"})",
           R"({"type":"Ping"})",
           R"({"type":7})",
       }) {
    EXPECT_NE(scan(bad), "") << bad;
  }
}

TEST(SignalingMessage, RefusesMembersTwiceAlsoInDisguise) {
  EXPECT_EQ(scan(R"({"type":"ping","type":"ping"})"), "the message has a member twice");
  EXPECT_NE(scan(R"({"type":"ping","ty\u0070e":"bye"})"), "");
  EXPECT_NE(scan(R"({"type":"p\u0069ng"})"), "");
}

TEST(SignalingMessage, RefusesWhatIsNoObject) {
  for (const char* bad : {"", " ", "null", "[]", "\"ping\"", "7", "{", "{\"type\"", "{\"type\":",
                          "{\"type\":\"ping\"", "{\"type\":\"ping\",}", "{\"type\":\"ping\"}x",
                          "{\"type\":\"ping\"}{}", "{,\"type\":\"ping\"}", "{\"type\" \"ping\"}"}) {
    EXPECT_NE(scan(bad), "") << bad;
  }
  EXPECT_NE(scan(std::string_view("{\"type\":\"ping\"}\0", 16)), "");
}

TEST(SignalingMessage, EveryTruncationOfAMessageIsRefused) {
  const std::string text = offer(R"({"a":["\u00e9\ud83d\ude00",-1.5e+3,true,null,{"b":""}]})");
  ASSERT_EQ(scan(text), "");
  for (std::size_t n = 0; n < text.size(); ++n) {
    // A copy of its own size, so that the address sanitizer sees reads beyond it.
    const std::string cut(text.data(), n);
    EXPECT_NE(scan(cut), "") << n;
  }
}
