#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace {

using namespace ferry;

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64(as_bytes("")), "");
  EXPECT_EQ(base64(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(base64(as_bytes("foo")), "Zm9v");
  EXPECT_EQ(base64(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64url(as_bytes("f")), "Zg");
  EXPECT_EQ(base64url(as_bytes("\xfb\xff\xfe")), "-__-");
  EXPECT_EQ(base64(as_bytes("\xfb\xff\xfe")), "+//+");
}

TEST(Base64, DecodesWhatItEncoded) {
  EXPECT_EQ(base64_decode("Zm9vYmE="), to_bytes("fooba"));
  EXPECT_EQ(base64url_decode("Zm9vYmE"), to_bytes("fooba"));
  EXPECT_EQ(base64url_decode(""), Bytes());
}

TEST(Base64, RefusesEverySecondSpelling) {
  EXPECT_FALSE(base64url_decode("Zh"));  // an unused bit is set
  EXPECT_FALSE(base64url_decode("Zg=="));
  EXPECT_FALSE(base64url_decode("Zm9vY"));
  EXPECT_FALSE(base64url_decode("Zm 9v"));
  EXPECT_FALSE(base64url_decode("+//+"));
  EXPECT_FALSE(base64_decode("Zg"));
  EXPECT_FALSE(base64_decode("Zg="));
  EXPECT_FALSE(base64_decode("Z==="));
  EXPECT_FALSE(base64_decode("===="));
  EXPECT_FALSE(base64_decode("Zg==Zg=="));
  EXPECT_FALSE(base64_decode("-__-"));
}

TEST(Hex, RoundTripsAndRefusesOddOrForeignText) {
  EXPECT_EQ(hex(as_bytes("\x01\xaf")), "01af");
  EXPECT_EQ(hex_decode("01aF"), to_bytes("\x01\xaf"));
  EXPECT_FALSE(hex_decode("abc"));
  EXPECT_FALSE(hex_decode("0g"));
}

TEST(Percent, DecodesEscapesAndKeepsPlus) {
  EXPECT_EQ(percent_decode("a%20b+c%C3%A9"), "a b+c\xc3\xa9");
  EXPECT_FALSE(percent_decode("%"));
  EXPECT_FALSE(percent_decode("a%2"));
  EXPECT_FALSE(percent_decode("%zz"));
}

TEST(Percent, EncodesEverythingButUnreserved) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode("a b/\xc3\xa9\""), "a%20b%2F%C3%A9%22");
}

TEST(Utf8, AcceptsEveryLengthAtItsBounds) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("\x7f"));
  EXPECT_TRUE(is_utf8("\xc2\x80\xdf\xbf"));
  EXPECT_TRUE(is_utf8("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80"));
  EXPECT_TRUE(is_utf8("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
}

TEST(Utf8, RefusesOverlongsSurrogatesAndStumps) {
  EXPECT_FALSE(is_utf8("\x80"));
  EXPECT_FALSE(is_utf8("\xc0\x80"));
  EXPECT_FALSE(is_utf8("\xc1\xbf"));
  EXPECT_FALSE(is_utf8("\xe0\x9f\xbf"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_utf8("\xf0\x8f\xbf\xbf"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xf5\x80\x80\x80"));
  EXPECT_FALSE(is_utf8("ab\xe2\x82"));
  EXPECT_FALSE(is_utf8("\xe2\x28\xa1"));
}

}  // namespace
