#include "config/check.hpp"

#include "config/document.hpp"
#include "config/scalar.hpp"

#include <gtest/gtest.h>

namespace {

using namespace ferry::config;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

Schema schema() {
  Schema limits;
  limits.fields.push_back(
      Field("max_body", Type::size, "Largest body.").default_("1MiB").range_(1, 10 << 20));
  Schema peer;
  peer.fields.push_back(Field("host", Type::string, "Name of the peer.").required_());
  peer.fields.push_back(Field("weight", Type::integer, "Share of the load.").default_("1"));
  Schema s;
  s.fields.push_back(Field("listen", Type::string, "Address to listen on.").required_());
  s.fields.push_back(Field("loops", Type::integer, "Event loops.").default_("0").range_(0, 256));
  s.fields.push_back(
      Field("timeout", Type::duration, "Patience.").default_("30s").range_(100, 3600e3));
  s.fields.push_back(Field("verbose", Type::boolean, "Say more.").default_("false"));
  s.fields.push_back(Field("factor", Type::number, "A factor.").default_("1.5"));
  s.fields.push_back(Field("level", Type::string, "How much to log.")
                         .default_("info")
                         .one_of_({"debug", "info", "warn"}));
  s.fields.push_back(Field("key", Type::secret, "Master secret."));
  s.fields.push_back(Field("names", Type::list, "Host names.").default_("[localhost]"));
  s.fields.push_back(Field("waits", Type::list, "Pauses.").element_(Type::duration));
  s.fields.push_back(Field("limits", Type::object, "Limits.").children_(limits));
  s.fields.push_back(Field("peers", Type::list, "Peers.").children_(peer));
  s.fields.push_back(Field("options", Type::object, "Of the plugin."));
  return s;
}

Sources sources(std::optional<std::string> file = "hush\n") {
  return {[](const std::string& name) -> std::optional<std::string> {
            return name == "LOOPS" ? std::optional<std::string>("4") : std::nullopt;
          },
          [file](const std::string&, std::string&) { return file; }};
}

Strings findings(std::string_view text) {
  Document document = Document::parse(text, "f.yaml", sources());
  document.check(schema());
  Strings out;
  for (const Problem& p : document.problems()) {
    out.push_back(to_string(p));
  }
  return out;
}

std::string finding(std::string_view text) {
  const Strings all = findings(std::string("listen: x\n") + std::string(text));
  EXPECT_EQ(all.size(), 1u) << testing::PrintToString(all);
  return all.empty() ? "" : all.front();
}

TEST(Check, GivesWhatIsWrittenAndDefaultsForTheRest) {
  Document d = Document::parse(
      "listen: 127.0.0.1:8080\nloops: ${env:LOOPS}\ntimeout: 250ms\nverbose: true\nkey: "
      "${file:/k}\nnames: [a, \"b\"]\nwaits: [1s, 2m]\npeers:\n  - host: p1\n    weight: +3\n  - "
      "{host: p2}\noptions: {path: /x}\n",
      "f.yaml", sources());
  const Section& s = d.check(schema());
  ASSERT_TRUE(d.ok()) << d.report();
  EXPECT_EQ(s.string("listen"), "127.0.0.1:8080");
  EXPECT_EQ(s.integer("loops"), 4);
  EXPECT_EQ(s.duration("timeout"), 250ms);
  EXPECT_TRUE(s.boolean("verbose"));
  EXPECT_EQ(s.number("factor"), 1.5);
  EXPECT_EQ(s.string("level"), "info");
  EXPECT_EQ(s.string("key"), "hush");
  EXPECT_EQ(s.strings("names"), (Strings{"a", "b"}));
  EXPECT_EQ(s.strings("waits"), (Strings{"1s", "2m"}));
  EXPECT_EQ(s.object("limits").size("max_body"), 1u << 20);
  ASSERT_EQ(s.objects("peers").size(), 2u);
  EXPECT_EQ(s.objects("peers")[0]->integer("weight"), 3);
  EXPECT_EQ(s.objects("peers")[1]->string("host"), "p2");
  EXPECT_EQ(s.raw("options").find("path")->value.text, "/x");
  EXPECT_TRUE(s.has("timeout"));
  EXPECT_FALSE(s.has("factor"));
  EXPECT_EQ(s.mark("timeout").line, 3);
  EXPECT_EQ(s.mark("factor").line, 1);
  EXPECT_EQ(d.variables(), std::set<std::string>{"LOOPS"});
}

TEST(Check, ReadsAbsentFieldsAsEmpty) {
  Document d = Document::parse("listen: x\n", "f.yaml", sources());
  const Section& s = d.check(schema());
  ASSERT_TRUE(d.ok());
  EXPECT_EQ(s.string("key"), "");
  EXPECT_EQ(s.strings("names"), Strings{"localhost"});
  EXPECT_TRUE(s.strings("waits").empty());
  EXPECT_TRUE(s.objects("peers").empty());
  EXPECT_EQ(s.raw("options").kind, Node::Kind::map);
}

TEST(Check, ThrowsOnFieldsThatAreNotDeclaredSo) {
  Document d = Document::parse("listen: x\n", "f.yaml", sources());
  const Section& s = d.check(schema());
  EXPECT_THROW(s.string("lsiten"), std::logic_error);
  EXPECT_THROW(s.integer("listen"), std::logic_error);
  EXPECT_THROW(s.section("options"), std::logic_error);
}

TEST(Check, SuggestsTheNearestKey) {
  EXPECT_EQ(finding("timeuot: 3s\n"),
            "f.yaml:2:1: timeuot: unknown key; did you mean 'timeout'? (known: listen, loops, "
            "timeout, verbose, factor, level, key, names, waits, limits, peers, options)");
  EXPECT_EQ(finding("limits:\n  body: 3\n"),
            "f.yaml:3:3: limits.body: unknown key (known: max_body)");
}

TEST(Check, SaysInWordsWhatWasExpected) {
  EXPECT_EQ(finding("timeout: soon\n"),
            "f.yaml:2:10: timeout: expected a duration such as 30s, found the text \"soon\"");
  EXPECT_EQ(finding("timeout: 30\n"),
            "f.yaml:2:10: timeout: expected a duration such as 30s, found the number 30");
  EXPECT_EQ(finding("loops: 010\n"),
            "f.yaml:2:8: loops: expected a whole number, found the text \"010\"");
  EXPECT_EQ(finding("loops: \"4\"\n"),
            "f.yaml:2:8: loops: expected a whole number, found the text \"4\"; remove the quotes");
  EXPECT_EQ(finding("verbose: yes\n"),
            "f.yaml:2:10: verbose: expected true or false, found the text \"yes\"");
  EXPECT_EQ(finding("factor: true\n"), "f.yaml:2:9: factor: expected a number, found true");
  EXPECT_EQ(finding("level: [debug]\n"), "f.yaml:2:8: level: expected text, found a list");
  EXPECT_EQ(finding("level:\n"),
            "f.yaml:2:1: level: expected text, found nothing: write a value or remove the key");
  EXPECT_EQ(finding("limits: 3\n"),
            "f.yaml:2:9: limits: expected a mapping of keys, found the number 3");
  EXPECT_EQ(finding("names: a\n"), "f.yaml:2:8: names: expected a list, found the text \"a\"");
  EXPECT_EQ(finding("waits: [1s, later]\n"),
            "f.yaml:2:13: waits[1]: expected a duration such as 30s, found the text \"later\"");
  EXPECT_EQ(finding("options: 1\n"),
            "f.yaml:2:10: options: expected a mapping of keys, found the number 1");
}

TEST(Check, AcceptsQuotedDurations) {
  EXPECT_TRUE(findings("listen: x\ntimeout: \"30s\"\n").empty());
}

TEST(Check, SaysTheAllowedRange) {
  EXPECT_EQ(finding("loops: 300\n"),
            "f.yaml:2:8: loops: 300 is out of range: it must be between 0 and 256");
  EXPECT_EQ(finding("timeout: 2h\n"),
            "f.yaml:2:10: timeout: 2h is out of range: it must be between 100ms and 1h");
  EXPECT_EQ(finding("limits: {max_body: 11MiB}\n"),
            "f.yaml:2:20: limits.max_body: 11MiB is out of range: it must be between 1 and 10MiB");
}

TEST(Check, ListsTheChoices) {
  EXPECT_EQ(
      finding("level: inof\n"),
      "f.yaml:2:8: level: expected one of debug, info, warn, found the text \"inof\"; did you "
      "mean 'info'?");
}

TEST(Check, NamesWhatIsMissing) {
  EXPECT_EQ(findings("loops: 1\npeers:\n  - weight: 2\n"),
            (Strings{"f.yaml:1:1: listen: required, but missing: Address to listen on.",
                     "f.yaml:3:5: peers[0].host: required, but missing: Name of the peer."}));
  EXPECT_EQ(findings(""),
            (Strings{"f.yaml:1:1: listen: required, but missing: Address to listen on."}));
  EXPECT_EQ(findings("listen: ${env:NONE:-}\n"),
            (Strings{"f.yaml:1:9: listen: required, but the expression gives nothing: Address to "
                     "listen on."}));
}

TEST(Check, NeverShowsSecrets) {
  EXPECT_EQ(finding("key: [hush]\n"), "f.yaml:2:6: key: expected a secret text, found a list");
  EXPECT_EQ(finding("loops: ${file:/k}\n"),
            "f.yaml:2:8: loops: expected a whole number, found something else (not shown)");
  EXPECT_EQ(
      finding("level: ${file:/k}\n"),
      "f.yaml:2:8: level: expected one of debug, info, warn, found something else (not shown)");
}

TEST(Check, CollectsEverythingInOrderOfTheFile) {
  EXPECT_EQ(
      findings("lsiten: x\nloops: many\nloops: 2\nlevel: ${env:NONE}\nlimits:\n  max_body: 0\n")
          .size(),
      6u);
  const Strings all = findings("listen: x\nloops: 999\nlistne: y\nlevel: z\n");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(all[0].starts_with("f.yaml:2:8: loops"));
  EXPECT_TRUE(all[1].starts_with("f.yaml:3:1: listne"));
  EXPECT_TRUE(all[2].starts_with("f.yaml:4:8: level"));
}

TEST(Check, ReportsAProblemOnce) {
  EXPECT_EQ(findings("listen: &a x\nloops: *a\n").size(), 2u);
  EXPECT_EQ(findings("[1, 2\n").size(), 1u);
  EXPECT_EQ(findings("just text\n"),
            (Strings{"f.yaml:1:1: expected a mapping of keys, found the text \"just text\""}));
}

TEST(Check, CutsLongTextsBetweenCharacters) {
  std::string text = "loops: ";
  for (int i = 0; i < 40; ++i) {
    text += "\xc3\xa9";
  }
  const std::string message = finding(text + "x\n");
  EXPECT_TRUE(message.ends_with("\xc3\xa9…\"")) << message;
}

TEST(Document, ChecksOptionsOfAPluginLater) {
  Schema storage;
  storage.fields.push_back(Field("plugin", Type::string, "Which.").required_());
  storage.fields.push_back(Field("options", Type::object, "Options of the plugin."));
  Schema root;
  root.fields.push_back(Field("storage", Type::object, "Records.").required_().children_(storage));
  Schema plugin;
  plugin.fields.push_back(Field("path", Type::path, "Where.").required_());

  Document d = Document::parse("storage:\n  plugin: sqlite\n  options:\n    paht: /x\ntypo: 1\n",
                               "f.yaml", sources());
  const Section& s = d.check(root);
  EXPECT_EQ(d.problem_count(), 1u);
  d.check(s.section("storage").raw("options"), plugin, "storage.options");
  EXPECT_EQ(d.report(),
            "f.yaml:4:5: storage.options.paht: unknown key; did you mean 'path'? (known: path)\n"
            "f.yaml:4:5: storage.options.path: required, but missing: Where.\n"
            "f.yaml:5:1: typo: unknown key (known: storage)\n");
}

TEST(Scalars, AreReadStrictly) {
  EXPECT_EQ(parse_integer("-7"), -7);
  EXPECT_EQ(parse_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  for (const char* text :
       {"", "+", "-", "0x10", "1_000", "1.0", "07", "9223372036854775808", " 1", "+-1", "--1"}) {
    EXPECT_FALSE(parse_integer(text)) << text;
  }
  EXPECT_EQ(parse_number("-0.5e1"), -5.0);
  for (const char* text : {"", ".5", "1.", "1e", "nan", "inf", ".inf", "1e999", "01", "0x1p3"}) {
    EXPECT_FALSE(parse_number(text)) << text;
  }
}

}  // namespace
