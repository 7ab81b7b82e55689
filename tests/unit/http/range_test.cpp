#include "http/range.hpp"

#include <gtest/gtest.h>

namespace ferry::http {
namespace {

using Kind = RangeVerdict::Kind;

void expect_partial(std::string_view value, std::uint64_t size, std::uint64_t first,
                    std::uint64_t length) {
  const auto out = parse_range(value, size);
  EXPECT_EQ(out.kind, Kind::partial) << value;
  EXPECT_EQ(out.span, (ByteSpan{first, length})) << value;
}

TEST(Range, ReadsSingleRanges) {
  expect_partial("bytes=0-0", 10, 0, 1);
  expect_partial("bytes=0-9", 10, 0, 10);
  expect_partial("bytes=3-", 10, 3, 7);
  expect_partial("bytes=5-1000", 10, 5, 5);
  expect_partial("bytes=-3", 10, 7, 3);
  expect_partial("bytes=-100", 10, 0, 10);
  expect_partial("Bytes=2-4", 10, 2, 3);
  expect_partial("bytes=1-99999999999999999999999", 10, 1, 9);
}

TEST(Range, IsUnsatisfiableBeyondTheEnd) {
  for (const auto* value :
       {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(parse_range(value, 10).kind, Kind::unsatisfiable) << value;
  }
  EXPECT_EQ(parse_range("bytes=0-", 0).kind, Kind::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=-1", 0).kind, Kind::unsatisfiable);
}

TEST(Range, IgnoresWhatItNeedNotUnderstand) {
  for (const auto* value :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=3-2", "bytes=1-2,4-5", "lines=1-2",
        "bytes=1-2x", "bytes= -", "bytes=+1-2", "bytes=1--2"}) {
    EXPECT_EQ(parse_range(value, 10).kind, Kind::full) << value;
  }
}

TEST(Conditions, IfRangeNeedsTheSameStrongValidator) {
  const auto date = *parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT");
  EXPECT_TRUE(if_range_holds("", "\"a\"", date));
  EXPECT_TRUE(if_range_holds("\"a\"", "\"a\"", date));
  EXPECT_FALSE(if_range_holds("\"b\"", "\"a\"", date));
  EXPECT_FALSE(if_range_holds("W/\"a\"", "\"a\"", date));
  EXPECT_FALSE(if_range_holds("W/\"a\"", "W/\"a\"", date));
  EXPECT_TRUE(if_range_holds("Tue, 14 Nov 2023 22:13:20 GMT", "\"a\"", date));
  EXPECT_FALSE(if_range_holds("Tue, 14 Nov 2023 22:13:21 GMT", "\"a\"", date));
  EXPECT_FALSE(if_range_holds("nonsense", "\"a\"", date));
}

TEST(Conditions, IfNoneMatchComparesWeaklyAndWinsOverDates) {
  const auto date = *parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT");
  EXPECT_TRUE(not_modified("*", "", "\"a\"", {}));
  EXPECT_TRUE(not_modified("\"x,\" , W/\"a\"", "", "\"a\"", {}));
  EXPECT_FALSE(not_modified("\"b\"", "Tue, 14 Nov 2023 22:13:20 GMT", "\"a\"", date));
  EXPECT_TRUE(not_modified("", "Tue, 14 Nov 2023 22:13:20 GMT", "\"a\"", date));
  EXPECT_FALSE(not_modified("", "Tue, 14 Nov 2023 22:13:19 GMT", "\"a\"", date));
  EXPECT_FALSE(not_modified("a", "", "\"a\"", {}));
  EXPECT_FALSE(not_modified("\"a", "", "\"a\"", {}));
}

TEST(Conditions, IfMatchComparesStrongly) {
  EXPECT_TRUE(if_match_holds("", "\"a\""));
  EXPECT_TRUE(if_match_holds("*", "\"a\""));
  EXPECT_TRUE(if_match_holds("\"b\", \"a\"", "\"a\""));
  EXPECT_FALSE(if_match_holds("W/\"a\"", "\"a\""));
}

}  // namespace
}  // namespace ferry::http
