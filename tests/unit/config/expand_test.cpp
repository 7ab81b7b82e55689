#include "config/expand.hpp"

#include "config/check.hpp"
#include "config/yaml_reader.hpp"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>

namespace {

using namespace ferry::config;

class Expand : public testing::Test {
 protected:
  std::map<std::string, std::string> environment_{{"PORT", "8080"}, {"EMPTY", ""}, {"BAD", "\xff"}};
  std::map<std::string, std::string> files_{{"/run/key", "s3cret\r\n"}, {"/run/two", "a\nb\n\n"}};
  std::vector<Problem> problems_;
  std::set<std::string> names_;

  Node expanded(std::string_view text) {
    Sources sources{
        [this](const std::string& name) -> std::optional<std::string> {
          const auto found = environment_.find(name);
          return found == environment_.end() ? std::nullopt : std::optional(found->second);
        },
        [this](const std::string& path, std::string& why) -> std::optional<std::string> {
          const auto found = files_.find(path);
          if (found == files_.end()) {
            why = "No such file or directory";
            return std::nullopt;
          }
          return found->second;
        }};
    Tree tree = read_yaml(text, "f.yaml");
    EXPECT_TRUE(tree.problems.empty());
    expand(tree.root, sources, problems_, names_);
    return std::move(tree.root);
  }
  Node value(std::string_view text) {
    return expanded(std::string("a: ") + std::string(text)).find("a")->value;
  }
  std::string refusal(std::string_view text) {
    value(text);
    EXPECT_EQ(problems_.size(), 1u);
    return problems_.empty() ? "" : to_string(problems_[0]);
  }
};

TEST_F(Expand, ReplacesVariables) {
  EXPECT_EQ(value("${env:PORT}").text, "8080");
  EXPECT_EQ(value("127.0.0.1:${env:PORT}/x").text, "127.0.0.1:8080/x");
  EXPECT_EQ(names_, std::set<std::string>{"PORT"});
  EXPECT_TRUE(problems_.empty());
}

TEST_F(Expand, UsesTheDefaultWhenUnsetOrEmpty) {
  EXPECT_EQ(value("${env:ABSENT:-10GiB}").text, "10GiB");
  EXPECT_EQ(value("${env:EMPTY:-x}").text, "x");
  EXPECT_EQ(value("${env:PORT:-x}").text, "8080");
  EXPECT_EQ(value("'${env:ABSENT:-[{\"urls\":\"stun:a:1\"}]}'").text, "[{\"urls\":\"stun:a:1\"}]");
  EXPECT_EQ(names_, (std::set<std::string>{"ABSENT", "EMPTY", "PORT"}));
}

TEST_F(Expand, CountsEmptyUnquotedResultsAsNotWritten) {
  EXPECT_TRUE(value("${env:ABSENT:-}").unset);
  EXPECT_TRUE(value("${env:EMPTY}").unset);
  EXPECT_FALSE(value("\"${env:EMPTY}\"").unset);
  EXPECT_TRUE(problems_.empty());
}

TEST_F(Expand, KeepsEscapesAndOtherDollars) {
  EXPECT_EQ(value("$${env:PORT}").text, "${env:PORT}");
  EXPECT_EQ(value("a$b $$ $").text, "a$b $$ $");
}

TEST_F(Expand, ReadsFilesWithoutTheLastNewlineAndHidesThem) {
  const Node key = value("${file:/run/key}");
  EXPECT_EQ(key.text, "s3cret");
  EXPECT_TRUE(key.hidden);
  EXPECT_EQ(value("${file:/run/two}").text, "a\nb\n");
}

TEST_F(Expand, NamesTheUnsetVariable) {
  EXPECT_EQ(refusal("${env:ABSENT}"),
            "f.yaml:1:4: a: the environment variable ABSENT is not set; set it, or give a default: "
            "${env:ABSENT:-value}");
}

TEST_F(Expand, NamesTheFileThatCannotBeRead) {
  EXPECT_EQ(refusal("${file:/run/nothing}"),
            "f.yaml:1:4: a: cannot read the file /run/nothing: No such file or directory");
}

TEST_F(Expand, RefusesMalformedExpressions) {
  for (const char* text : {"${PORT}", "${env:}", "${env:1X}", "${env:A B:-x}", "${env:PORT",
                           "${file:relative}", "${env:ABSENT:-${env:PORT}}", "${env:BAD}"}) {
    problems_.clear();
    EXPECT_TRUE(value(std::string("'") + text + "'").broken) << text;
    EXPECT_EQ(problems_.size(), 1u) << text;
  }
}

TEST_F(Expand, ReachesListsAndNestedMappings) {
  const Node root = expanded("l:\n  - x: [\"${env:PORT}\"]\n    y: ${env:ABSENT}\n");
  EXPECT_EQ(root.find("l")->value.items[0].find("x")->value.items[0].text, "8080");
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0].path, "l[0].y");
  EXPECT_EQ(problems_[0].where.line, 3);
}

TEST(ExpandSources, ReadRegularFilesOfTheSystem) {
  const Sources sources = Sources::of_process();
  const std::string path = testing::TempDir() + "ferry_expand_test";
  std::string why;
  std::ofstream(path) << "text\n";
  EXPECT_EQ(sources.file(path, why), "text\n");
  std::ofstream(path) << std::string(64 * 1024 + 1, 'x');
  EXPECT_FALSE(sources.file(path, why));
  EXPECT_EQ(why, "larger than 64 KiB");
  std::remove(path.c_str());
  EXPECT_FALSE(sources.file(path, why));
  EXPECT_EQ(why, "No such file or directory");
  EXPECT_FALSE(sources.file("/dev/zero", why));
  EXPECT_EQ(why, "not a regular file");
  EXPECT_FALSE(sources.environment("FERRY_SURELY_NOT_SET"));
}

}  // namespace
