#include "transfers/room_frame.hpp"

#include <gtest/gtest.h>

using namespace ferry;
using namespace ferry::transfers;

TEST(RoomFrame, CarriesHeaderAndTextVerbatim) {
  FrameHeader header;
  header.kind = FrameKind::relay;
  header.role = Role::receiver;
  header.from.since = 0x0102030405060708u;
  header.from.random = 0xFFFEFDFCFBFAF9F8u;
  const auto frame = make_frame(header, "{\"type\":\"ack\",\"ack\":1}");
  EXPECT_EQ(frame->substr(kFrameHeader), "{\"type\":\"ack\",\"ack\":1}");
  EXPECT_EQ(
      frame->substr(0, kFrameHeader),
      std::string("\x01\x02\x01\x02\x03\x04\x05\x06\x07\x08\xFF\xFE\xFD\xFC\xFB\xFA\xF9\xF8", 18));
  const auto read = read_frame(*frame);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, FrameKind::relay);
  EXPECT_EQ(read->role, Role::receiver);
  EXPECT_EQ(read->from, header.from);
}

TEST(RoomFrame, RefusesWhatIsNoFrame) {
  const std::string good = *make_frame(FrameHeader());
  EXPECT_TRUE(read_frame(good));
  EXPECT_FALSE(read_frame(""));
  EXPECT_FALSE(read_frame(good.substr(0, kFrameHeader - 1)));
  for (const char kind : {'\0', '\x08', '\xFF'}) {
    std::string bad = good;
    bad[0] = kind;
    EXPECT_FALSE(read_frame(bad));
  }
  std::string bad = good;
  bad[1] = 3;
  EXPECT_FALSE(read_frame(bad));
}

TEST(RoomFrame, OrdersSocketsByTimeThenByChance) {
  const Presence early{1, 9};
  const Presence late{2, 0};
  EXPECT_LT(early, late);
  EXPECT_LT((Presence{2, 0}), (Presence{2, 1}));
}
