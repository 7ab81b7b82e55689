#include "base/problem.hpp"

#include "support/paths.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

namespace {

using namespace ferry;

TEST(Problems, HaveDistinctSlugsAndErrorStatuses) {
  std::set<std::string_view> slugs;
  for (const ProblemInfo& p : problem_table()) {
    EXPECT_TRUE(slugs.insert(p.slug).second) << p.slug;
    EXPECT_GE(p.status, 400u) << p.slug;
    EXPECT_LT(p.status, 600u) << p.slug;
    EXPECT_EQ(&info(p.type), &p);
  }
}

TEST(Problems, HaveTitlesThatAreSentences) {
  for (const ProblemInfo& p : problem_table()) {
    EXPECT_TRUE(p.title.ends_with('.')) << p.slug;
    EXPECT_TRUE(p.title.front() >= 'A' && p.title.front() <= 'Z') << p.slug;
  }
}

TEST(Problems, AreDocumentedExactly) {
  std::ifstream in(ferry::test::source_dir() + "/docs/reference/problems.md");
  ASSERT_TRUE(in);
  std::set<std::string> documented;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| `")) {  // | `slug` | status | title | … |
      documented.insert(
          line.substr(0, line.find(" | ", line.find(" | ", line.find(" | ") + 1) + 1)));
    }
  }
  std::set<std::string> expected;
  for (const ProblemInfo& p : problem_table()) {
    std::ostringstream row;
    row << "| `" << p.slug << "` | " << p.status << " | " << p.title;
    expected.insert(row.str());
  }
  EXPECT_EQ(documented, expected);
}

TEST(Problems, OfPluginsKeepTheirDetailInside) {
  const Problem p = to_problem(Error(Errc::unavailable, "redis at 10.0.0.5 refused"));
  EXPECT_EQ(p.type, ProblemType::backend_unavailable);
  EXPECT_TRUE(p.detail.empty());
  EXPECT_TRUE(p.retry_after.has_value());
}

TEST(Problems, MapWhatAClientCanActOn) {
  EXPECT_EQ(to_problem(Errc::not_found).type, ProblemType::not_found);
  EXPECT_EQ(to_problem(Errc::quota_exceeded).type, ProblemType::storage_full);
  EXPECT_EQ(to_problem(Errc::too_large).type, ProblemType::too_large);
  EXPECT_EQ(to_problem(Errc::shutting_down).type, ProblemType::draining);
  EXPECT_EQ(to_problem(Errc::corrupt).type, ProblemType::storage_io);
  EXPECT_EQ(to_problem(Errc::invalid_argument).type, ProblemType::internal);
}

}  // namespace
