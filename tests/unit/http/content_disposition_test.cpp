#include "http/content_disposition.hpp"

#include <gtest/gtest.h>
#include <random>

namespace ferry::http {
namespace {

/// The file name as a client reads it, written from RFC 6266 §4.3 and RFC 8187 without the code
/// under test.
std::string name_of(const std::string& field) {
  const std::string extended = "filename*=UTF-8''";
  if (const auto at = field.find(extended); at != std::string::npos) {
    std::string out;
    for (std::size_t i = at + extended.size(); i < field.size(); ++i) {
      if (field[i] == '%') {
        out += static_cast<char>(std::stoi(field.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        out += field[i];
      }
    }
    return out;
  }
  const auto start = field.find("filename=\"") + 10;
  return field.substr(start, field.find('"', start) - start);
}

TEST(ContentDisposition, KeepsPlainNamesPlain) {
  EXPECT_EQ(content_disposition("report (1).pdf"), "attachment; filename=\"report (1).pdf\"");
}

TEST(ContentDisposition, EncodesEverythingElse) {
  EXPECT_EQ(content_disposition("a\"b\r\n\xe5\x90\x8d\xe5\x89\x8d.txt"),
            "attachment; filename=\"a_b__.txt\"; filename*=UTF-8''a%22b%E5%90%8D%E5%89%8D.txt");
}

TEST(SafeFileName, TakesTheLastComponentWithoutTricks) {
  EXPECT_EQ(safe_file_name("../../etc/passwd"), "passwd");
  EXPECT_EQ(safe_file_name("C:\\temp\\a.txt"), "a.txt");
  EXPECT_EQ(safe_file_name("folder/"), "folder_");
  EXPECT_EQ(safe_file_name(".."), "download");
  EXPECT_EQ(safe_file_name(""), "download");
  EXPECT_EQ(safe_file_name(" \t\n"), "download");
  EXPECT_EQ(safe_file_name(".bashrc"), ".bashrc");
  // U+202E would show "exe.txt" where the name ends in ".exe".
  EXPECT_EQ(safe_file_name("a\xe2\x80\xaetxt.exe"), "atxt.exe");
  EXPECT_EQ(safe_file_name("a\xe2\x81\xa6z"), "az");
  EXPECT_EQ(safe_file_name("a\xff"
                           "b"),
            "a\xef\xbf\xbd"
            "b");
}

TEST(SafeFileName, CutsLongNamesAtACharacterAndKeepsTheExtension) {
  std::string name;
  for (int i = 0; i < 200; ++i) {
    name += "\xc3\xa4";
  }
  const auto out = safe_file_name(name + ".tar");
  EXPECT_LE(out.size(), 255u);
  EXPECT_GE(out.size(), 254u);
  EXPECT_TRUE(out.ends_with("\xc3\xa4.tar"));
}

TEST(SafeFileName, DoesNotEndInASpaceAfterACut) {
  EXPECT_EQ(safe_file_name(std::string(254, 'a') + " " + std::string(20, 'b')),
            std::string(254, 'a'));
}

TEST(ContentDisposition, IsOneLineThatReadsBackAsTheSafeName) {
  std::mt19937 random(7);
  const std::string alphabet = "ab.\"\\/\r\n\t%;'* \xc3\xa4\xe2\x80\xae\xf0\x9f\x98\x80\xff";
  for (int i = 0; i < 20000; ++i) {
    std::string name;
    for (auto n = random() % 40; n > 0; --n) {
      name += alphabet[random() % alphabet.size()];
    }
    const auto field = content_disposition(name);
    for (const char c : field) {
      ASSERT_TRUE(c >= 0x20 && c < 0x7f) << field;
    }
    ASSERT_EQ(name_of(field), safe_file_name(name)) << field;
    ASSERT_EQ(safe_file_name(safe_file_name(name)), safe_file_name(name)) << field;
  }
}

}  // namespace
}  // namespace ferry::http
