#include "runtime/logging.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace ferry {
namespace {

std::unique_ptr<Log> json_log() {
  LogSettings settings;
  settings.format = LogFormat::json;
  settings.node = "n1";
  return Log::capture(settings);
}

TEST(JsonLog, WritesOneObjectPerLine) {
  const auto log = json_log();
  log->root().info("hello", {{"n", 3}, {"text", "a\nb\"c\\\x01"}, {"ratio", 0.5}});
  log->root().warn("again");
  const auto text = log->text();
  ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  const auto o = boost::json::parse(text.substr(0, text.find('\n'))).as_object();
  EXPECT_EQ(o.at("msg"), "hello");
  EXPECT_EQ(o.at("level"), "info");
  EXPECT_EQ(o.at("node"), "n1");
  EXPECT_EQ(o.at("n"), 3);
  EXPECT_EQ(o.at("ratio"), 0.5);
  EXPECT_EQ(o.at("text"), "a\nb\"c\\\x01");
  EXPECT_EQ(o.at("ts").as_string().size(), 24u);
}

TEST(JsonLog, StaysJsonWhateverIsLogged) {
  const auto log = json_log();
  log->root().info("\xff\xc3", {{"bytes", "\x80\xed\xa0\x80"}, {"nan", std::stod("nan")}});
  const auto text = log->text();
  boost::system::error_code ec;
  boost::json::parse(text.substr(0, text.size() - 1), ec);
  EXPECT_FALSE(ec) << text;
}

TEST(Log, NeverWritesSecrets) {
  for (const auto format : {LogFormat::json, LogFormat::console}) {
    LogSettings settings;
    settings.format = format;
    const auto log = Log::capture(settings);
    log->root().info("x", {{"token", "hunter2"},
                           {"upload_token", "hunter2"},
                           {"Authorization", "hunter2"},
                           {"code", "hunter2"},
                           {"password", "hunter2"},
                           {"sdp", "hunter2"},
                           {"status_code", 200}});
    EXPECT_EQ(log->text().find("hunter2"), std::string::npos) << log->text();
    EXPECT_NE(log->text().find("***"), std::string::npos);
    EXPECT_NE(log->text().find("200"), std::string::npos);
  }
}

TEST(ConsoleLog, IsOneLineForPeople) {
  const auto log = Log::capture();
  log->root().error("disk\nfull\x1b[31m", {{"path", "/a b"}, {"n", 1}});
  const auto text = log->text();
  EXPECT_NE(text.find("error disk\\nfull\\u001b[31m path=\"/a b\" n=1\n"), std::string::npos)
      << text;
}

TEST(Log, ChangesItsLevelForAllLoggers) {
  const auto log = Log::capture();
  const auto tagged = log->tagged({{"plugin", "memory"}});
  tagged->debug("hidden");
  log->level(LogLevel::debug);
  tagged->debug("shown");
  const auto text = log->text();
  EXPECT_EQ(text.find("hidden"), std::string::npos);
  EXPECT_NE(text.find("shown plugin=memory"), std::string::npos);
  EXPECT_FALSE(tagged->enabled(LogLevel::trace));
}

}  // namespace
}  // namespace ferry
