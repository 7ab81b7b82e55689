#include "filesystem/log_codec.hpp"

#include <gtest/gtest.h>

namespace ferry::filesystem {
namespace {

Bytes log_of(const std::vector<LogRecord>& records) {
  Bytes log;
  for (const LogRecord& r : records) {
    const auto bytes = encode(r);
    log.insert(log.end(), bytes.begin(), bytes.end());
  }
  return log;
}

const std::vector<LogRecord> kRecords{
    {1, 100, 0x11111111}, {2, 100, 0x22222222}, {3, std::uint64_t{1} << 40, 0x33333333}};

TEST(BlobLog, ReadsWhatWasWritten) {
  EXPECT_EQ(parse_log(log_of(kRecords)), kRecords);
  EXPECT_TRUE(parse_log({}).empty());
}

TEST(BlobLog, LayoutIsLittleEndian) {
  const auto bytes = encode({0x0102030405060708, 0x1112131415161718, 0x21222324});
  const std::string_view text = as_text(bytes);
  EXPECT_EQ(text.substr(0, 4), "1FBL");
  EXPECT_EQ(text.substr(4, 8), "\x08\x07\x06\x05\x04\x03\x02\x01");
  EXPECT_EQ(text.substr(12, 8), "\x18\x17\x16\x15\x14\x13\x12\x11");
  EXPECT_EQ(text.substr(20, 4), "\x24\x23\x22\x21");
}

TEST(BlobLog, TornRecordEndsTheLog) {
  const Bytes log = log_of(kRecords);
  for (std::size_t size = 0; size < log.size(); ++size) {
    EXPECT_EQ(parse_log(ByteView(log).first(size)).size(), size / kLogRecordSize);
  }
}

TEST(BlobLog, EveryFlippedBitEndsTheLogBeforeItsRecord) {
  const Bytes log = log_of(kRecords);
  for (std::size_t at = 0; at < log.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes damaged = log;
      damaged[at] ^= static_cast<std::byte>(1 << bit);
      EXPECT_EQ(parse_log(damaged).size(), at / kLogRecordSize) << at << ":" << bit;
    }
  }
}

TEST(BlobLog, SoundRecordOutOfOrderEndsTheLog) {
  EXPECT_EQ(parse_log(log_of({{1, 10, 0}, {3, 20, 0}})).size(), 1u);  // a gap
  EXPECT_EQ(parse_log(log_of({{1, 10, 0}, {2, 9, 0}})).size(), 1u);   // backwards
  EXPECT_EQ(parse_log(log_of({{2, 10, 0}})).size(), 0u);              // no beginning
}

}  // namespace
}  // namespace ferry::filesystem
