#include "http/static_files.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace ferry::http {
namespace {

namespace fs = std::filesystem;

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    std::string name = (fs::temp_directory_path() / "ferry-web-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    write("index.html", "<!doctype html>");
    write("assets/app-1a2b3c4d.js", "plain script");
    write("assets/app-1a2b3c4d.js.br", "BR");
    write("assets/app-1a2b3c4d.js.gz", "GZ");
    write("favicon.svg", "<svg/>");
  }
  ~StaticFilesTest() override { fs::remove_all(folder); }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << text;
  }
  Response get(const std::string& path,
               std::vector<std::pair<std::string, std::string>> headers = {}) {
    StaticFiles::Options options;
    options.folder = folder.string();
    options.connect = {"wss://signal.example"};
    auto files = StaticFiles::load(options);
    Request request;
    request.path = path;
    request.headers = std::move(headers);
    return files->serve(request);
  }
  static std::string field(const Response& r, std::string_view name) {
    for (const auto& [key, value] : r.headers) {
      if (key == name) {
        return value;
      }
    }
    return {};
  }
  static std::string text(const Response& r) { return *std::get<SharedBytes>(r.body); }
  fs::path folder;
};

TEST_F(StaticFilesTest, SendsTheVariantThatTheClientLikesBest) {
  const std::string path = "/assets/app-1a2b3c4d.js";
  const auto plain = get(path);
  EXPECT_EQ(text(plain), "plain script");
  EXPECT_EQ(field(plain, "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(field(plain, "Vary"), "Accept-Encoding");
  EXPECT_EQ(field(plain, "Content-Encoding"), "");
  const auto brotli = get(path, {{"accept-encoding", "gzip, deflate, br"}});
  EXPECT_EQ(text(brotli), "BR");
  EXPECT_EQ(field(brotli, "Content-Encoding"), "br");
  EXPECT_NE(field(brotli, "ETag"), field(plain, "ETag"));
  EXPECT_EQ(text(get(path, {{"accept-encoding", "br;q=0.1, gzip;q=0.5"}})), "GZ");
  EXPECT_EQ(text(get(path, {{"accept-encoding", "br;q=0"}})), "plain script");
  EXPECT_EQ(text(get(path, {{"accept-encoding", "*"}})), "BR");
}

TEST_F(StaticFilesTest, CachesHashedFilesForEverAndPagesNotAtAll) {
  EXPECT_EQ(field(get("/assets/app-1a2b3c4d.js"), "Cache-Control"),
            "public, max-age=31536000, immutable");
  EXPECT_EQ(field(get("/index.html"), "Cache-Control"), "no-cache");
  EXPECT_EQ(field(get("/favicon.svg"), "Cache-Control"), "no-cache");
}

TEST_F(StaticFilesTest, RevalidatesByEtag) {
  const auto etag = field(get("/index.html"), "ETag");
  EXPECT_TRUE(etag.starts_with('"'));
  EXPECT_EQ(get("/index.html", {{"if-none-match", etag}}).status, 304u);
}

TEST_F(StaticFilesTest, PagesCarryAStrictPolicy) {
  const auto policy = field(get("/index.html"), "Content-Security-Policy");
  EXPECT_NE(
      policy.find("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'"),
      std::string::npos);
  EXPECT_NE(policy.find("connect-src 'self' wss://signal.example;"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe-inline"), std::string::npos);
  EXPECT_EQ(policy.find("'unsafe-eval'"), std::string::npos);
  EXPECT_EQ(field(get("/index.html"), "Cross-Origin-Opener-Policy"), "same-origin");
}

TEST_F(StaticFilesTest, KnowsOnlyItsOwnFiles) {
  EXPECT_EQ(get("/assets").status, 404u);
  EXPECT_EQ(get("/etc/passwd").status, 404u);
  EXPECT_EQ(get("/assets/app-1a2b3c4d.js.br").status, 404u);
}

TEST_F(StaticFilesTest, SaysWhatIsMissing) {
  StaticFiles::Options options;
  options.folder = (folder / "nowhere").string();
  EXPECT_NE(StaticFiles::load(options).error().detail.find("nowhere does not exist"),
            std::string::npos);
  fs::remove(folder / "index.html");
  options.folder = folder.string();
  EXPECT_NE(StaticFiles::load(options).error().detail.find("no index.html"), std::string::npos);
}

}  // namespace
}  // namespace ferry::http
