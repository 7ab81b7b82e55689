#include "base/nearest.hpp"

#include <gtest/gtest.h>

namespace {

using ferry::edit_distance;
using ferry::nearest;

TEST(EditDistance, CountsEachKindOfSlipOnce) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("path", "path"), 0u);
  EXPECT_EQ(edit_distance("path", "paht"), 1u);
  EXPECT_EQ(edit_distance("path", "paths"), 1u);
  EXPECT_EQ(edit_distance("path", "pat"), 1u);
  EXPECT_EQ(edit_distance("path", "bath"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Nearest, FindsTheMisspeltName) {
  const std::vector<std::string> known{"listen", "log_level", "loops", "path", "plugin"};
  EXPECT_EQ(nearest("lsiten", known), "listen");
  EXPECT_EQ(nearest("log-levl", known), "log_level");
  EXPECT_EQ(nearest("Path", known), "path");
  EXPECT_EQ(nearest("plugins", known), "plugin");
}

TEST(Nearest, SaysNothingWhenNothingIsNear) {
  const std::vector<std::string> known{"listen", "path", "on"};
  EXPECT_EQ(nearest("storage", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest("xy", known), "");
  EXPECT_EQ(nearest(std::string(1000, 'a'), known), "");
}

}  // namespace
