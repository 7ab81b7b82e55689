#include "config/yaml_reader.hpp"

#include "config/check.hpp"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>

namespace {

using namespace ferry::config;

std::vector<std::string> findings(std::string_view text) {
  std::vector<std::string> out;
  for (const Problem& p : read_yaml(text, "f.yaml").problems) {
    out.push_back(to_string(p));
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(YamlReader, KeepsTextQuotesAndPlaces) {
  const Tree tree = read_yaml("server:\n  port: 010\n  name: \"12\"\nlist: [1, two]\n", "f.yaml");
  EXPECT_TRUE(tree.problems.empty());
  const Node& server = tree.root.find("server")->value;
  const Node& port = server.find("port")->value;
  EXPECT_EQ(port.text, "010");
  EXPECT_FALSE(port.quoted);
  EXPECT_EQ(port.where.line, 2);
  EXPECT_EQ(port.where.column, 9);
  EXPECT_EQ(server.find("port")->where.column, 3);
  EXPECT_TRUE(server.find("name")->value.quoted);
  const Node& list = tree.root.find("list")->value;
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[1].text, "two");
}

TEST(YamlReader, KeepsBlockText) {
  const Tree tree = read_yaml("a: |\n  one\n  two\nb: 'it''s'\n", "f.yaml");
  EXPECT_EQ(tree.root.find("a")->value.text, "one\ntwo\n");
  EXPECT_EQ(tree.root.find("b")->value.text, "it's");
}

TEST(YamlReader, TellsNullFromText) {
  const Tree tree = read_yaml("a:\nb: ~\nc: \"\"\n", "f.yaml");
  EXPECT_EQ(tree.root.find("a")->value.kind, Node::Kind::null);
  EXPECT_EQ(tree.root.find("a")->value.where.line, 1);
  EXPECT_EQ(tree.root.find("b")->value.kind, Node::Kind::null);
  EXPECT_EQ(tree.root.find("c")->value.kind, Node::Kind::scalar);
}

TEST(YamlReader, RefusesDuplicateKeys) {
  EXPECT_EQ(findings("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n"),
            (Strings{"f.yaml:4:3: duplicate key 'c' (first at line 3)",
                     "f.yaml:5:1: duplicate key 'a' (first at line 1)"}));
}

TEST(YamlReader, RefusesAnchorsAliasesMergesAndTags) {
  EXPECT_EQ(findings("a: &x 1\nb: *x\nc:\n  <<: {q: 1}\nd: !!str 1\ne: &y {k: 1}\n"),
            (Strings{"f.yaml:1:4: anchors (&name) are not supported",
                     "f.yaml:2:4: aliases (*name) are not supported: write the value out",
                     "f.yaml:4:3: merge keys (<<) are not supported: write the values out",
                     "f.yaml:5:4: tags (tag:yaml.org,2002:str) are not supported",
                     "f.yaml:6:4: anchors (&name) are not supported"}));
}

TEST(YamlReader, RefusesASecondDocument) {
  EXPECT_EQ(findings("a: 1\n---\nb: 2\n"),
            (Strings{"f.yaml:2:1: only one document is allowed in a file"}));
}

TEST(YamlReader, RefusesKeysThatAreNoText) {
  EXPECT_EQ(findings("? [a, b]\n: 1\n"), (Strings{"f.yaml:1:3: a key must be plain text"}));
}

TEST(YamlReader, BoundsDepth) {
  const std::string open(33, '[');
  EXPECT_EQ(findings(open + std::string(33, ']')),
            (Strings{"f.yaml:1:33: nested more than 32 levels deep"}));
  EXPECT_TRUE(findings(open.substr(1) + std::string(32, ']')).empty());
  EXPECT_EQ(findings(std::string(100'000, '[')).size(), 1u);
}

TEST(YamlReader, RefusesWhatIsNoText) {
  EXPECT_EQ(findings("a: \xff\n"), (Strings{"f.yaml: not UTF-8 text"}));
  EXPECT_EQ(findings("a: 1\nb: \x01\n"),
            (Strings{"f.yaml:2:4: a control character is not allowed"}));
  EXPECT_EQ(findings(std::string_view("a\0b", 3)),
            (Strings{"f.yaml:1:2: a control character is not allowed"}));
  EXPECT_EQ(findings(std::string((1 << 20) + 1, ' ')), (Strings{"f.yaml: larger than 1 MiB"}));
}

TEST(YamlReader, SaysWhereTheSyntaxBreaks) {
  const Strings found = findings("a: 1\nb: [1, 2\nc: 3\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("f.yaml:")) << found[0];
  EXPECT_NE(found[0].find("not valid YAML: "), std::string::npos) << found[0];
}

TEST(YamlReader, NamesAFileThatCannotBeRead) {
  const Tree missing = read_yaml_file("/nonexistent/ferry.yaml");
  ASSERT_EQ(missing.problems.size(), 1u);
  EXPECT_EQ(to_string(missing.problems[0]),
            "/nonexistent/ferry.yaml: cannot be opened: No such file or directory");
  const Tree folder = read_yaml_file(testing::TempDir());
  ASSERT_EQ(folder.problems.size(), 1u);
  EXPECT_TRUE(to_string(folder.problems[0]).ends_with("is a folder; a file is needed"));
}

TEST(YamlReader, ReadsAFile) {
  const std::string path = testing::TempDir() + "ferry_yaml_reader_test.yaml";
  std::ofstream(path) << "a: 1\n";
  const Tree tree = read_yaml_file(path);
  std::remove(path.c_str());
  EXPECT_TRUE(tree.problems.empty());
  EXPECT_EQ(tree.root.find("a")->value.where.file, path);
}

}  // namespace
