#include "shares/file_facts.hpp"

#include <gtest/gtest.h>

namespace ferry::shares {
namespace {

TEST(CleanName, DropsControlCharactersAndKeepsTheRest) {
  struct Case {
    std::string_view given;
    std::optional<std::string> clean;
  };
  const Case cases[] = {
      {"a.txt", "a.txt"},
      {"a\"b\r\n\xe5\x90\x8d\xe5\x89\x8d.txt", "a\"b\xe5\x90\x8d\xe5\x89\x8d.txt"},
      {"folder/sub/file", "folder/sub/file"},
      {"tab\there\x7f", "tabhere"},
      {"c1\xc2\x85next", "c1next"},
      {"nbsp\xc2\xa0stays", "nbsp\xc2\xa0stays"},
      {"", std::nullopt},
      {"\r\n", std::nullopt},
      {"latin1\xe9", std::nullopt},
      {"surrogate\xed\xa0\x80", std::nullopt},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(clean_name(c.given), c.clean) << c.given;
  }
}

TEST(CleanName, EndsAtItsLimit) {
  EXPECT_TRUE(clean_name(std::string(1024, 'n')));
  EXPECT_FALSE(clean_name(std::string(1025, 'n')));
}

TEST(BaseName, IsTheLastSegment) {
  EXPECT_EQ(base_name("a/b/c.txt"), "c.txt");
  EXPECT_EQ(base_name("c.txt"), "c.txt");
  EXPECT_EQ(base_name("a/b/"), "b");
}

TEST(CleanType, FallsBackToBytes) {
  EXPECT_EQ(clean_type("text/plain"), "text/plain");
  EXPECT_EQ(clean_type("text/plain; charset=utf-8"), "text/plain; charset=utf-8");
  for (const auto* bad : {"", "text", "/", "text/", "/plain", "te xt/plain", "text/pl\nain",
                          "text/plain\r\nX-Evil: 1", "t\xc3\xa9xt/plain"}) {
    EXPECT_EQ(clean_type(bad), "application/octet-stream") << bad;
  }
  EXPECT_EQ(clean_type("a/" + std::string(200, 'b')), "application/octet-stream");
}

TEST(Ids, AreThirtyTwoLowerHexDigits) {
  EXPECT_TRUE(is_id("0123456789abcdef0123456789abcdef"));
  EXPECT_FALSE(is_id("0123456789ABCDEF0123456789ABCDEF"));
  EXPECT_FALSE(is_id("0123456789abcdef"));
  EXPECT_FALSE(is_id("../../../../../../../etc/passwd_"));
  EXPECT_TRUE(is_sha256_hex(std::string(64, 'a')));
  EXPECT_FALSE(is_sha256_hex(std::string(64, 'g')));
  EXPECT_FALSE(is_sha256_hex(std::string(63, 'a')));
}

}  // namespace
}  // namespace ferry::shares
