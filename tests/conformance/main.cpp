// ferry-conformance --plugin FILE.so [--config FILE.yaml] [--kind KIND] [--loops N] [--gtest_…]
#include "suite.hpp"

#include <charconv>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>

namespace {

using namespace ferry::conformance;

constexpr const char* kUsage =
    "usage: ferry-conformance --plugin FILE.so [--config FILE.yaml] [--kind KIND] [--loops N]\n"
    "                         [--gtest_filter=...]\n"
    "Runs the contract of every kind that the plugin provides, or of KIND alone.\n"
    "See docs/plugin-authors/conformance.md.\n";

struct Suite {
  ferry::Kind kind;
  void (*add)();
};

constexpr Suite kSuites[] = {{ferry::Kind::storage, add_storage_cases},
                             {ferry::Kind::rate_limiter, add_rate_limiter_cases},
                             {ferry::Kind::blob_store, add_blob_store_cases},
                             {ferry::Kind::signaling, add_signaling_cases},
                             {ferry::Kind::transport, add_transport_cases}};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  Settings settings;
  std::string kind;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (value.empty()) {
      std::cerr << kUsage;
      return 64;
    }
    if (name == "--plugin") {
      settings.plugin = value;
    } else if (name == "--config") {
      settings.config = value;
    } else if (name == "--kind") {
      kind = value;
    } else if (name == "--loops") {
      std::from_chars(value.data(), value.data() + value.size(), settings.loops);
    } else {
      std::cerr << "unknown option " << name << "\n" << kUsage;
      return 64;
    }
  }
  if (settings.plugin.empty() || settings.loops < 1 || settings.loops > 64) {
    std::cerr << kUsage;
    return 64;
  }
  if (const auto problem = load(std::move(settings))) {
    std::cerr << *problem << "\n";
    return 65;
  }
  bool any = false;
  for (const Suite& suite : kSuites) {
    if (plugin_under_test().find(suite.kind) &&
        (kind.empty() || kind == ferry::name_of(suite.kind))) {
      suite.add();
      any = true;
    }
  }
  if (!any) {
    std::cerr << plugin_under_test().name << " provides no " << kind << "\n";
    return 65;
  }
  return RUN_ALL_TESTS();
}
