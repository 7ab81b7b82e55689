#include "transfers/code.hpp"

#include <gtest/gtest.h>
#include <set>

using ferry::ProblemType;
using ferry::transfers::Code;

TEST(Code, WritesFortyBitsInCrockfordsAlphabet) {
  EXPECT_EQ(Code::from_bits(0).canonical(), "00000000");
  EXPECT_EQ(Code::from_bits(1).canonical(), "00000001");
  EXPECT_EQ(Code::from_bits(0x123456789A).canonical(), "28T5CY4T");
  EXPECT_EQ(Code::from_bits((1ull << 40) - 1).canonical(), "ZZZZZZZZ");
  EXPECT_EQ(Code::from_bits(0x123456789A).display(), "28T5-CY4T");
}

TEST(Code, ReadsWhatPeopleType) {
  const auto expected = Code::parse("K7QM2XWD");
  ASSERT_TRUE(expected);
  for (const char* text :
       {"K7QM-2XWD", "k7qm2xwd", " k7qm 2xwd ", "k-7-q-m-2-x-w-d", "K7QM\t2XWD\r\n",
        "K7QM\u20132XWD", "K7QM\u00A02XWD", "K7QM\u20112XWD", "K7QM\u22122XWD", "K7QM\u200B2XWD",
        "\uFEFFK7QM\u00AD2XWD", "K7QM\u30002XWD"}) {
    const auto read = Code::parse(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, *expected) << text;
  }
}

TEST(Code, ReadsLettersThatLookLikeDigitsAsDigits) {
  const auto code = Code::parse("oOiIlL-89");
  ASSERT_TRUE(code);
  EXPECT_EQ(code->canonical(), "00111189");
}

TEST(Code, SaysWhatIsWrong) {
  const auto detail = [](std::string_view text) {
    const auto code = Code::parse(text);
    EXPECT_FALSE(code) << text;
    EXPECT_EQ(code.error().type, ProblemType::malformed_code);
    return code ? std::string() : code.error().detail;
  };
  EXPECT_EQ(detail("K7QM2X"), "a code has 8 characters; this one has 6");
  EXPECT_EQ(detail("K7QM-2XWD-9"), "a code has 8 characters; this one has 9");
  EXPECT_EQ(detail(""), "the code is empty");
  EXPECT_EQ(detail(" - "), "the code is empty");
  EXPECT_EQ(detail("K7QM2XWU"), "the character U does not occur in codes");
  EXPECT_EQ(detail("K7QM/2XWD"), "the character / does not occur in codes");
  EXPECT_EQ(detail("K7QM\u00E92XWD"), "a code consists of letters and digits only");
  EXPECT_EQ(detail(std::string_view("K7QM\0002XWD", 9)),
            "a code consists of letters and digits only");
}

TEST(Code, RandomCodesReadBackAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const Code code = Code::random();
    const auto back = Code::parse(code.display());
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, code);
    seen.insert(std::string(code.canonical()));
  }
  EXPECT_EQ(seen.size(), 200u);
}

TEST(Code, StorageKeyDependsOnTheCodeAndTheKeyAndHidesTheCode) {
  const std::string key(32, 'k');
  const auto code = Code::parse("K7QM-2XWD");
  ASSERT_TRUE(code);
  // python: hmac.new(b"k"*32, b"K7QM2XWD", sha256).hexdigest()
  EXPECT_EQ(code->storage_key(ferry::as_bytes(key)),
            "14dfa1862c62bb5ef5eacd8e3bd3368979713e4f3e24f43a79f1c328d4a71a57");
  EXPECT_NE(code->storage_key(ferry::as_bytes(key)),
            code->storage_key(ferry::as_bytes(std::string(32, 'l'))));
}
