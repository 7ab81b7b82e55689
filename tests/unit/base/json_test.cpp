#include "base/json.hpp"

#include <gtest/gtest.h>

namespace {

using namespace ferry;

std::string refusal(std::string_view text, json::Limits limits = {}) {
  const auto parsed = json::parse(text, limits);
  if (parsed) {
    return "accepted";
  }
  EXPECT_EQ(parsed.error().type, ProblemType::invalid_request);
  return parsed.error().detail;
}

TEST(Json, ReadsTypedMembers) {
  const auto o =
      json::parse_object(R"({"s":"a\u00e9","i":-7,"b":true,"d":1.5,"big":1e3,"n":null})");
  ASSERT_TRUE(o);
  EXPECT_EQ(json::string_member(*o, "s"), "a\xc3\xa9");
  EXPECT_EQ(json::integer_member(*o, "i"), -7);
  EXPECT_EQ(json::bool_member(*o, "b"), true);
  EXPECT_FALSE(json::integer_member(*o, "d"));
  EXPECT_FALSE(json::integer_member(*o, "big"));
  EXPECT_FALSE(json::string_member(*o, "i"));
  EXPECT_FALSE(json::string_member(*o, "absent"));
  EXPECT_FALSE(json::bool_member(*o, "n"));
}

TEST(Json, KeepsIntegersExact) {
  const auto o = json::parse_object(
      R"({"max":9223372036854775807,"more":9223372036854775808,"min":-9223372036854775808})");
  ASSERT_TRUE(o);
  EXPECT_EQ(json::integer_member(*o, "max"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(json::integer_member(*o, "min"), std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(json::integer_member(*o, "more"));
}

TEST(Json, RoundsLongNumbersCorrectly) {
  const auto v = json::parse("1818880000005750349600000000575034960302264665");
  ASSERT_TRUE(v);
  EXPECT_EQ(v->as_double(), 1818880000005750349600000000575034960302264665.0);
}

TEST(Json, ReadsEmptyTextAsEmptyObject) {
  const auto o = json::parse_object("");
  ASSERT_TRUE(o);
  EXPECT_TRUE(o->empty());
  EXPECT_FALSE(json::parse_object("[]"));
  EXPECT_EQ(json::parse_object("[]").error().detail, "a JSON object was expected");
}

TEST(Json, NamesTheDuplicateKey) {
  EXPECT_EQ(refusal(R"({"a":1,"b":{"a":1},"a":2})"),
            R"(not acceptable JSON: the key "a" appears twice (byte 22))");
  EXPECT_EQ(refusal(R"({"a":1,"\u0061":2})"),
            R"(not acceptable JSON: the key "a" appears twice (byte 15))");
}

TEST(Json, SaysWhereItFailed) {
  EXPECT_EQ(refusal("{\"a\":x}"), "not acceptable JSON: unexpected character (byte 6)");
  EXPECT_EQ(refusal("{\"a\":1"), "not acceptable JSON: it ends too early (byte 7)");
  EXPECT_EQ(refusal(""), "not acceptable JSON: it ends too early (byte 1)");
  EXPECT_EQ(refusal("{} x"), "not acceptable JSON: something follows the value (byte 4)");
  EXPECT_EQ(refusal("\"\xff\""), "not acceptable JSON: the text is not UTF-8");
}

TEST(Json, AcceptsTrailingWhitespace) {
  EXPECT_EQ(refusal(" {} \r\n\t"), "accepted");
}

TEST(Json, BoundsDepth) {
  EXPECT_EQ(refusal("[[[[[[[[]]]]]]]]"), "accepted");
  EXPECT_EQ(refusal("[[[[[[[[[]]]]]]]]]"),
            "not acceptable JSON: it nests more than 8 levels deep (byte 9)");
}

TEST(Json, BoundsKeysOfAllObjectsTogether) {
  json::Limits limits;
  limits.keys = 2;
  EXPECT_EQ(refusal(R"([{"a":1},{"a":1}])", limits), "accepted");
  EXPECT_EQ(refusal(R"([{"a":1},{"a":1,"b":1}])", limits),
            "not acceptable JSON: there are more than 2 keys (byte 19)");
}

TEST(Json, RefusesWhatIsNoJson) {
  for (const char* text : {"{a:1}", "[1,]", "{\"a\":1,}", "01", "+1", ".5", "1.", "NaN", "'a'",
                           "// c\n1", "\"\t\"", "\"\\x\"", "\"\\ud800\"", "1e999", "tru"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

TEST(Json, WritesWhatItRead) {
  const auto v = json::parse(R"({"a":[1,"x",null,false]})");
  ASSERT_TRUE(v);
  EXPECT_EQ(json::serialize(*v), R"({"a":[1,"x",null,false]})");
}

}  // namespace
