#include "config/reference.hpp"

#include "config/document.hpp"

#include <gtest/gtest.h>

namespace {

using namespace ferry::config;

Schema schema() {
  Schema limits;
  limits.fields.push_back(
      Field("body", Type::size, "Largest body.").default_("1MiB").range_(1, 1 << 30));
  limits.fields.push_back(Field("burst", Type::integer, "Burst."));
  Schema peer;
  peer.fields.push_back(Field("host", Type::string, "Name.").required_().example_("a.example"));
  peer.fields.push_back(Field("weight", Type::integer, "Weight.").default_("1"));
  Schema silent;
  silent.fields.push_back(Field("x", Type::string, "Rare."));
  Schema s;
  s.summary = "What a node does.";
  s.fields.push_back(Field("listen", Type::string, "Address to listen on.")
                         .default_("127.0.0.1:8080")
                         .reloadable_());
  s.fields.push_back(Field("level", Type::string, "How much | to log.")
                         .default_("info")
                         .one_of_({"debug", "info"}));
  s.fields.push_back(Field("base", Type::string, "Base URL.").default_(""));
  s.fields.push_back(
      Field("name", Type::string, "Name of the node.").required_().example_("node-1"));
  s.fields.push_back(Field("key", Type::secret, "Master secret.").example_("${file:/run/key}"));
  s.fields.push_back(Field("limits", Type::object, "Limits.").children_(limits));
  s.fields.push_back(Field("rare", Type::object, "Rarely needed.").children_(silent));
  s.fields.push_back(Field("peers", Type::list, "Peers.").children_(peer));
  s.fields.push_back(Field("hosts", Type::list, "Names.").default_("[]"));
  s.fields.push_back(Field("options", Type::object, "Of the plugin."));
  return s;
}

TEST(Reference, YamlShowsEveryFieldWithItsMeaning) {
  const std::string text = reference_yaml(schema());
  EXPECT_TRUE(
      text.starts_with("# Address to listen on.\n"
                       "# (text; reloaded on SIGHUP)\n"
                       "listen: 127.0.0.1:8080\n"
                       "\n"
                       "# How much | to log.\n"
                       "# (debug | info)\n"
                       "level: info\n"))
      << text;
  EXPECT_NE(text.find("\nbase: \"\"\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nname: node-1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n#key: ${file:/run/key}\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nlimits:\n  # Largest body.\n  # (size, 1 to 1GiB)\n  body: 1MiB\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n#peers:\n    # Name.\n  #- host: a.example\n"), std::string::npos) << text;
}

TEST(Reference, YamlIsAcceptedBySchemaAndMeansTheDefaults) {
  Document d = Document::parse(reference_yaml(schema()), "reference.yaml", Sources::of_process());
  const Section& s = d.check(schema());
  ASSERT_TRUE(d.ok()) << d.report() << reference_yaml(schema());
  EXPECT_EQ(s.string("listen"), "127.0.0.1:8080");
  EXPECT_EQ(s.object("limits").size("body"), 1u << 20);
  EXPECT_FALSE(s.has("key"));
}

TEST(Reference, MarkdownIsATableOfPaths) {
  const std::string text = reference_markdown(schema());
  EXPECT_TRUE(text.starts_with("What a node does.\n\n| Option | Type | Default | Meaning |\n"));
  EXPECT_NE(text.find("| `level` | debug \\| info | `info` | How much \\| to log. |\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| `limits.body` | size, 1 to 1GiB | `1MiB` | Largest body. |\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("| `peers[].host` | text | required | Name. Example: `a.example`. |\n"),
            std::string::npos)
      << text;
}

}  // namespace
