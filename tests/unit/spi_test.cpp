#include <ferry/storage.hpp>

#include <gtest/gtest.h>

TEST(Errc, ComparesEqualAsErrorCode) {
  const boost::system::error_code code = ferry::Errc::not_found;
  EXPECT_EQ(code, ferry::Errc::not_found);
  EXPECT_EQ(code.message(), "not_found");
}
