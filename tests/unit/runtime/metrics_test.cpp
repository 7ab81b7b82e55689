#include "runtime/metrics.hpp"

#include <gtest/gtest.h>

namespace ferry {
namespace {

TEST(Registry, WritesPrometheusText) {
  Registry registry;
  registry.counter("ferry_b_total", "Counts.\nTwice.", {{"kind", "a\"\\\n"}}).add(3);
  registry.counter("ferry_b_total", "Counts.\nTwice.", {{"kind", "0"}}).add();
  registry.gauge("ferry_a", "A gauge.").set(-2);
  const auto text = registry.render();
  EXPECT_NE(text.find("# HELP ferry_a A gauge.\n# TYPE ferry_a gauge\nferry_a -2\n"
                      "# HELP ferry_b_total Counts.\\nTwice.\n# TYPE ferry_b_total counter\n"
                      "ferry_b_total{kind=\"0\"} 1\nferry_b_total{kind=\"a\\\"\\\\\\n\"} 3\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\nprocess_open_fds "), std::string::npos);
  EXPECT_NE(text.find("ferry_build_info{version="), std::string::npos);
}

TEST(Registry, WritesCumulativeBuckets) {
  Registry registry;
  auto& h = registry.histogram("ferry_h_seconds", "Time.", {{"route", "x"}});
  h.observe(.0005);
  h.observe(.3);
  h.observe(100);
  const auto text = registry.render();
  EXPECT_NE(text.find("ferry_h_seconds_bucket{route=\"x\",le=\"0.0005\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("ferry_h_seconds_bucket{route=\"x\",le=\"0.25\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("ferry_h_seconds_bucket{route=\"x\",le=\"0.5\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("ferry_h_seconds_bucket{route=\"x\",le=\"+Inf\"} 3\n"
                      "ferry_h_seconds_sum{route=\"x\"} 100.3005\n"
                      "ferry_h_seconds_count{route=\"x\"} 3\n"),
            std::string::npos)
      << text;
}

TEST(Registry, GivesTheSameObjectForTheSameName) {
  Registry registry;
  EXPECT_EQ(&registry.counter("c", "", {{"a", "1"}}), &registry.counter("c", "", {{"a", "1"}}));
  EXPECT_NE(&registry.counter("c", "", {{"a", "1"}}), &registry.counter("c", "", {{"a", "2"}}));
  EXPECT_THROW(registry.gauge("c", ""), std::logic_error);
}

}  // namespace
}  // namespace ferry
