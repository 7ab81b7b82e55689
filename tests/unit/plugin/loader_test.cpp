#include "plugin/loader.hpp"

#include "plugin/instance.hpp"
#include "support/paths.hpp"
#include "test_host.hpp"

#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace ferry;
using testing::HasSubstr;

const fs::path kPlugins = ferry::test::test_plugin_dir();

// A folder of its own for copies of plugins with something wrong.
class LoaderTest : public testing::Test {
 protected:
  LoaderTest() {
    std::string pattern = testing::TempDir() + "ferry_loader_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~LoaderTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  fs::path copy(const std::string& from, const std::string& to) {
    fs::copy_file(kPlugins / (from + ".so"), folder_ / (to + ".so"));
    return folder_ / (to + ".so");
  }
  static std::string refusal(const Loader& loader, const std::string& name) {
    const auto loaded = loader.load(name);
    return loaded ? "loaded" : loaded.error().detail;
  }
  std::string refusal(const std::string& name) { return refusal(Loader({folder_.string()}), name); }

  fs::path folder_;
};

TEST_F(LoaderTest, LoadsByNameOnce) {
  const Loader loader({"/nonexistent", kPlugins.string()});
  const auto first = loader.load("good");
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ((*first)->name, "good");
  EXPECT_EQ((*first)->version, "1.2.3");
  EXPECT_EQ((*first)->summary, "Lets everything through.");
  EXPECT_NE((*first)->find(Kind::rate_limiter), nullptr);
  EXPECT_EQ((*first)->find(Kind::storage), nullptr);
  EXPECT_EQ(loader.load("good").value(), *first);
  EXPECT_EQ(loader.load((kPlugins / "good.so").string()).value(), *first);
}

TEST_F(LoaderTest, NamesTheSearchedPathsAndTheNearestPlugin) {
  const Loader loader({folder_.string(), kPlugins.string()});
  const std::string text = refusal(loader, "goood");
  EXPECT_THAT(text, HasSubstr("there is no plugin 'goood'; did you mean 'good'?"));
  EXPECT_THAT(text, HasSubstr("installed: foreign, fussy, good, unmanifested, unresolved"));
  EXPECT_THAT(text, HasSubstr("searched: " + (folder_ / "goood.so").string() + ", " +
                              (kPlugins / "goood.so").string()));
  EXPECT_EQ(refusal("x"), "there is no plugin 'x' (no plugins are installed; searched: " +
                              (folder_ / "x.so").string() + ")");
}

TEST_F(LoaderTest, TakesNoRelativePaths) {
  for (const char* name : {"./good.so", "../good", "good.so", "", "Good", "a/b", "-x"}) {
    EXPECT_THAT(refusal(name), HasSubstr("does not name a plugin")) << name;
  }
}

TEST_F(LoaderTest, ListsEveryMismatchWithoutOpeningTheFile) {
  const std::string text = refusal(Loader({kPlugins.string()}), "foreign");
  EXPECT_THAT(text, HasSubstr("plugin 'foreign' (" + (kPlugins / "foreign.so").string() +
                              ") does not fit this server: "));
  EXPECT_THAT(text,
              HasSubstr("spi: the plugin was built for plugin interface 2.7, this server has "));
  EXPECT_THAT(text, HasSubstr("cxx: the plugin was built with 'gcc12', this server with 'clang"));
  EXPECT_THAT(text,
              HasSubstr("stl: the plugin was built with 'debug', this server with 'release'"));
  EXPECT_THAT(text, HasSubstr("san: the plugin was built with 'memory', this server with '" +
                              std::string(FERRY_ABI_SAN) + "'"));
  EXPECT_THAT(text, HasSubstr("boost: the plugin was built with '1_99'"));
  EXPECT_THAT(text, HasSubstr("asiocache: the plugin was built with '2', this server with '16'"));
  EXPECT_THAT(text, HasSubstr("moon: "));
  EXPECT_TRUE(text.ends_with("rebuild it against this version's headers"));
}

TEST_F(LoaderTest, RefusesTruncatedFilesAtAnyLength) {
  const fs::path path = copy("good", "good");
  const auto whole = fs::file_size(path);
  for (const auto percent : {99u, 75u, 50u, 25u, 5u}) {
    fs::resize_file(path, whole * percent / 100);
    EXPECT_THAT(refusal("good"), HasSubstr("damaged or cut off")) << percent;
  }
  fs::resize_file(path, 40);
  EXPECT_THAT(refusal("good"), HasSubstr("not a shared object (too short)"));
  fs::resize_file(path, 0);
  EXPECT_THAT(refusal("good"), HasSubstr("it is empty"));
}

TEST_F(LoaderTest, RefusesOtherFiles) {
  std::ofstream(folder_ / "text.so") << std::string(200, 'x');
  EXPECT_THAT(refusal("text"), HasSubstr("no ELF file"));
  fs::create_directory(folder_ / "folder.so");
  EXPECT_THAT(refusal("folder"), HasSubstr("is not a regular file"));
}

TEST_F(LoaderTest, RefusesAnotherMachine) {
  const fs::path path = copy("good", "good");
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offsetof(Elf64_Ehdr, e_machine));
  const Elf64_Half other = EM_S390;
  file.write(reinterpret_cast<const char*>(&other), sizeof other);
  file.close();
  EXPECT_THAT(refusal("good"), HasSubstr("it was built for another machine"));
}

TEST_F(LoaderTest, RefusesWhatOthersCanWrite) {
  const fs::path path = copy("good", "good");
  fs::permissions(path, fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(refusal("good"), HasSubstr("is writable by other users"));
  fs::permissions(path, fs::perms::others_write, fs::perm_options::remove);
  fs::permissions(path, fs::perms::group_write, fs::perm_options::add);
  EXPECT_THAT(refusal("good"), HasSubstr("is writable by other users"));
  fs::permissions(path, fs::perms::group_write, fs::perm_options::remove);
  fs::permissions(folder_, fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(refusal("good"), HasSubstr("lies in a folder that is writable by other users"));
}

TEST_F(LoaderTest, RefusesFilesOfOtherUsers) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give files away";
  }
  const fs::path path = copy("good", "good");
  ASSERT_EQ(::chown(path.c_str(), 12345, 12345), 0);
  EXPECT_THAT(refusal("good"), HasSubstr("belongs to another user (uid 12345)"));
}

TEST_F(LoaderTest, RefusesAWrongName) {
  copy("good", "better");
  EXPECT_THAT(refusal("better"),
              HasSubstr("says that its name is 'good'; rename the file to good.so"));
}

TEST_F(LoaderTest, RefusesLibrariesThatAreNoPlugins) {
  // libferry itself: it must not contain a stamp, or every search would find that one.
  Dl_info info{};
  ASSERT_NE(::dladdr(reinterpret_cast<const void*>(&own_stamp), &info), 0);
  fs::copy_file(fs::canonical(info.dli_fname), folder_ / "ferry.so");
  EXPECT_THAT(refusal("ferry"), HasSubstr("is not a plugin of Ferry: it has no stamp"));
}

TEST_F(LoaderTest, PrintsTheReasonOfTheDynamicLinker) {
  EXPECT_THAT(refusal(Loader({kPlugins.string()}), "unresolved"),
              HasSubstr("undefined symbol: ferry_test_nobody_defines_this"));
}

TEST_F(LoaderTest, RefusesAStampWithoutAManifest) {
  EXPECT_THAT(refusal(Loader({kPlugins.string()}), "unmanifested"),
              HasSubstr("does not export ferry_plugin_manifest"));
}

TEST_F(LoaderTest, ListsWhatIsInstalledWithReasons) {
  copy("good", "good");
  copy("foreign", "foreign");
  fs::resize_file(copy("good", "short"), 1000);
  const auto all = Loader({"/nonexistent", folder_.string()}).available();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].name, "foreign");
  EXPECT_EQ(all[0].stamp.value().get("version"), "9.9.9");
  EXPECT_THAT(all[0].problem, HasSubstr("does not fit"));
  EXPECT_EQ(all[1].name, "good");
  EXPECT_EQ(all[1].problem, "");
  EXPECT_EQ(all[1].stamp.value().get("version"), "1.2.3");
  EXPECT_EQ(all[2].name, "short");
  EXPECT_FALSE(all[2].stamp);
}

class Instances : public testing::Test {
 protected:
  config::Document parse(const std::string& text) {
    return config::Document::parse(text, "f.yaml", config::Sources::of_process());
  }
  // `text`: the section itself.
  Choice chosen(config::Document& document, Kind kind = Kind::rate_limiter) {
    config::Schema schema;
    schema.fields.push_back(config::Field("plugin", config::Type::string, "").required_());
    schema.fields.push_back(config::Field("options", config::Type::object, ""));
    const config::Section& section = document.check(schema);
    return choose(document, loader_, kind, "limiter", section.string("plugin"),
                  section.mark("plugin"), section.raw("options"));
  }
  std::string findings(const std::string& text, Kind kind = Kind::rate_limiter) {
    config::Document document = parse(text);
    chosen(document, kind);
    return document.report();
  }

  Loader loader_{{kPlugins.string()}};
  test::TestHost host_;
};

TEST_F(Instances, AreMadeFromTheirOptions) {
  config::Document document = parse("plugin: good\noptions: {remaining: 7}\n");
  const Choice choice = chosen(document);
  ASSERT_TRUE(document.ok()) << document.report();
  const auto limiter = create<RateLimiter>(choice, host_);
  ASSERT_TRUE(limiter) << limiter.error().detail;
  EXPECT_TRUE(host_.run((*limiter)->start()));
  EXPECT_EQ(host_.kept.lines, std::vector<std::string>{"started"});
  const auto decision =
      host_.run((*limiter)->take(RatePolicy("p", 1, Millis(1000), 9), "someone", 1));
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->limit, 9u);
  EXPECT_EQ(decision->remaining, 7u);
  EXPECT_THAT(host_.registry.render(),
              HasSubstr("ferry_plugin_calls_total{kind=\"rate_limiter\",plugin=\"good\","
                        "op=\"take\",result=\"ok\"} 1"));
}

TEST_F(Instances, AreRefusedWithPlaceAndReason) {
  EXPECT_EQ(findings("plugin: good\noptions:\n  remianing: 7\n"),
            "f.yaml:3:3: limiter.options.remianing: unknown key; did you mean 'remaining'? (known: "
            "remaining)\n");
  EXPECT_EQ(findings("plugin: good\noptions: {remaining: 13}\n"),
            "f.yaml:2:22: limiter.options.remaining: 13 brings bad luck\n");
  EXPECT_EQ(findings("plugin: good\n", Kind::signaling),
            "f.yaml:1:9: limiter.plugin: plugin 'good' provides rate_limiter, not signaling\n");
  EXPECT_THAT(
      findings("plugin: goodd\n"),
      HasSubstr("f.yaml:1:9: limiter.plugin: there is no plugin 'goodd'; did you mean 'good'?"));
  EXPECT_EQ(
      findings("plugin: fussy\noptions: {throw_in: validate}\n"),
      "f.yaml:2:10: limiter.options: plugin 'fussy' failed while checking its options: cannot "
      "judge\n");
}

TEST_F(Instances, ThatThrowDoNotReachTheServer) {
  const auto made = [&](const std::string& where) {
    static std::vector<std::unique_ptr<config::Document>> kept;
    kept.push_back(std::make_unique<config::Document>(
        parse("plugin: fussy\noptions: {throw_in: " + where + "}\n")));
    return create<RateLimiter>(chosen(*kept.back()), host_);
  };
  EXPECT_EQ(made("constructor").error().detail,
            "plugin 'fussy' failed to make its rate_limiter: not today");
  EXPECT_EQ(made("constructor_oddly").error().detail,
            "plugin 'fussy' failed to make its rate_limiter: something that is no std::exception");
  const auto limiter = made("start");
  ASSERT_TRUE(limiter);
  const auto started = host_.run((*limiter)->start());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::internal);
  EXPECT_EQ(started.error().detail, "plugin 'fussy' threw: will not start");
  const auto taken = host_.run((*limiter)->take(RatePolicy("p", 1, Millis(1000), 1), "s", 1));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::internal);
  host_.run((*limiter)->stop());
  EXPECT_THAT(host_.registry.render(),
              HasSubstr("ferry_plugin_exceptions_total{kind=\"rate_limiter\",plugin=\"fussy\"} 3"));
  EXPECT_EQ(host_.kept.lines.size(), 3u);
  EXPECT_EQ(host_.kept.lines[2],
            "plugin threw an exception kind=rate_limiter plugin=fussy op=stop what=will not stop");
}

}  // namespace
