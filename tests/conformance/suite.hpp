#pragma once
// Registers the cases of one kind with GoogleTest at run time.
#include "harness.hpp"

#include <gtest/gtest.h>
#include <span>
#include <string>

namespace ferry::conformance {

/// One case: `body` runs on loop 0 with a started instance. `skip` says why the plugin's declared
/// capabilities leave nothing to test; an empty text runs the case.
template <class Interface>
struct Case {
  const char* name;
  Awaitable<void> (*body)(Rig& rig, Interface& plugin);
  std::string (*skip)(Rig& rig, Interface& plugin) = nullptr;
};

template <class Interface>
class CaseTest final : public testing::Test {
 public:
  explicit CaseTest(Case<Interface> c) : case_(c) {}

  void TestBody() override {
    Rig rig(kind_of<Interface>());
    bool started = false;
    rig.run([](Rig& r, bool& ok) -> Awaitable<void> { ok = co_await r.start(); }(rig, started));
    ASSERT_TRUE(started);
    auto* plugin = dynamic_cast<Interface*>(&rig.plugin());
    ASSERT_TRUE(plugin) << "the manifest says " << name_of(kind_of<Interface>())
                        << ", the object is another kind";
    if (case_.skip) {
      if (const std::string reason = case_.skip(rig, *plugin); !reason.empty()) {
        GTEST_SKIP() << reason;
      }
    }
    rig.run(case_.body(rig, *plugin));
  }

 private:
  Case<Interface> case_;
};

template <class Interface>
void add_cases(const char* suite, std::span<const Case<Interface>> cases) {
  for (const auto& c : cases) {
    testing::RegisterTest(suite, c.name, nullptr, nullptr, __FILE__, __LINE__,
                          [c]() -> testing::Test* { return new CaseTest<Interface>(c); });
  }
}

void add_storage_cases();
void add_blob_store_cases();
void add_rate_limiter_cases();
void add_signaling_cases();
void add_transport_cases();

}  // namespace ferry::conformance
