#include "shares/tus_headers.hpp"

#include <gtest/gtest.h>

namespace ferry::shares {
namespace {

using Pair = std::pair<std::string, std::string>;

TEST(TusByteCount, TakesPlainDecimalNumbersBelow2To53) {
  struct Case {
    std::string_view text;
    std::optional<std::uint64_t> value;
  };
  const Case cases[] = {
      {"0", 0},
      {"1", 1},
      {"9007199254740991", 9007199254740991},
      {"9007199254740992", std::nullopt},
      {"99999999999999999999", std::nullopt},
      {"", std::nullopt},
      {"-1", std::nullopt},
      {"+1", std::nullopt},
      {" 1", std::nullopt},
      {"1 ", std::nullopt},
      {"01", std::nullopt},
      {"00", std::nullopt},
      {"0x10", std::nullopt},
      {"1.0", std::nullopt},
      {"1e3", std::nullopt},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(parse_byte_count(c.text), c.value) << '"' << c.text << '"';
  }
}

TEST(TusDeclaredLength, NeedsExactlyOneOfLengthAndDeferral) {
  const auto length = parse_declared_length("12", "");
  ASSERT_TRUE(length);
  EXPECT_EQ(*length, 12U);
  const auto deferred = parse_declared_length("", "1");
  ASSERT_TRUE(deferred);
  EXPECT_EQ(*deferred, std::nullopt);

  for (const auto& [given, defer] : {std::pair("12", "1"), {"", ""}, {"", "0"}, {"x", ""}}) {
    const auto refused = parse_declared_length(given, defer);
    ASSERT_FALSE(refused) << given << '/' << defer;
    EXPECT_EQ(refused.error().type, ProblemType::invalid_request);
  }
}

TEST(TusMetadata, DecodesPairsInOrder) {
  const auto metadata = parse_metadata("filename d29ybGQudHh0, filetype dGV4dC9wbGFpbg==,secret");
  ASSERT_TRUE(metadata);
  const std::vector<Pair> expected{
      {"filename", "world.txt"}, {"filetype", "text/plain"}, {"secret", ""}};
  EXPECT_EQ(metadata->pairs(), expected);
  EXPECT_EQ(metadata->find("filetype"), "text/plain");
  EXPECT_EQ(metadata->find("absent"), "");
}

TEST(TusMetadata, KeepsAnyBytesOfAValue) {
  const auto metadata = parse_metadata("b AP8K");
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->find("b"), std::string_view("\x00\xff\n", 3));
}

TEST(TusMetadata, ReadsAnEmptyFieldAsNoPairs) {
  for (const auto field : {"", " ", "\t"}) {
    const auto metadata = parse_metadata(field);
    ASSERT_TRUE(metadata);
    EXPECT_TRUE(metadata->pairs().empty());
  }
}

TEST(TusMetadata, RefusesWhatTheSpecificationForbids) {
  std::string many = "k0 YQ==";
  for (int i = 1; i < 40; ++i) {
    many += ",k" + std::to_string(i) + " YQ==";
  }
  const std::string cases[] = {
      "filename d29ybGQ",             // padding is missing
      "filename d29ybGQ= x",          // a third word
      "filename  d29ybGQ=",           // two blanks
      "filename ****",                // not base64
      "a YQ==,a Yg==",                // repeated key
      "a YQ==,",                      // empty pair
      ",a YQ==",                      //
      "n\xc3\xa4me YQ==",             // key is not ASCII
      many,                           // too many pairs
      "a " + std::string(5000, 'A'),  // too long
  };
  for (const auto& text : cases) {
    const auto refused = parse_metadata(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().type, ProblemType::invalid_request);
  }
}

TEST(TusMediaType, IsComparedWithoutRegardToCase) {
  EXPECT_TRUE(is_offset_media_type("application/offset+octet-stream"));
  EXPECT_TRUE(is_offset_media_type("Application/Offset+Octet-Stream"));
  EXPECT_FALSE(is_offset_media_type("application/octet-stream"));
  EXPECT_FALSE(is_offset_media_type("application/offset+octet-stream; q=1"));
  EXPECT_FALSE(is_offset_media_type(""));
}

TEST(TusExpires, IsAnHttpDate) {
  EXPECT_EQ(format_expires(from_unix_ms(784111777000)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace ferry::shares
