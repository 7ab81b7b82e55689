#include "cli/arguments.hpp"

#include <gtest/gtest.h>

using ferry::cli::Command;
using ferry::cli::parse_arguments;

TEST(Arguments, CommandAndConfig) {
  const auto spaced = parse_arguments({"check", "--config", "a.yaml"});
  ASSERT_TRUE(spaced);
  EXPECT_EQ(spaced->command, Command::check);
  EXPECT_EQ(spaced->config, "a.yaml");
  const auto joined = parse_arguments({"serve", "--config=b.yaml"});
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->command, Command::serve);
  EXPECT_EQ(joined->config, "b.yaml");
}

TEST(Arguments, NothingMeansHelp) {
  EXPECT_EQ(parse_arguments({})->command, Command::help);
  EXPECT_EQ(parse_arguments({"serve", "--help"})->command, Command::help);
}

TEST(Arguments, MisspeltCommandNamesTheNearest) {
  const auto result = parse_arguments({"serv"});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().text.find("'serve'"), std::string::npos);
}

TEST(Arguments, OptionsAreChecked) {
  EXPECT_FALSE(parse_arguments({"serve", "--confg", "x"}));
  EXPECT_FALSE(parse_arguments({"serve", "--config"}));
  EXPECT_FALSE(parse_arguments({"schema", "--format", "xml"}));
}
