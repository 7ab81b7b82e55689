#include "transfers/record.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

using namespace ferry;
using namespace ferry::transfers;
using namespace std::chrono_literals;

namespace {

const WallTime kNow = from_unix_ms(1'800'000'000'000);

TransferRecord waiting() {
  TransferRecord r;
  r.code_key = std::string(64, 'a');
  r.created = kNow;
  r.code_expires = kNow + 1h;
  r.session_expires = kNow + 12h;
  return r;
}

TransferRecord in_state(State state) {
  TransferRecord r = waiting();
  r.state = state;
  if (state == State::handed_off) {
    r.share = "s1";
  }
  return r;
}

const char* const kText =
    R"({"v":1,"state":"joined","code":"aa","created":1,"code_expires":2,"session_expires":3,)"
    R"("receiver":"0c","share":""})";

std::string with(std::string_view from, std::string_view to) {
  std::string text = kText;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST(TransferRecord, ReadsTheStoredForm) {
  const auto r = decode(as_bytes(kText));
  ASSERT_TRUE(r) << r.error().detail;
  EXPECT_EQ(r->state, State::joined);
  EXPECT_EQ(r->code_key, "aa");
  EXPECT_EQ(r->created, from_unix_ms(1));
  EXPECT_EQ(r->code_expires, from_unix_ms(2));
  EXPECT_EQ(r->session_expires, from_unix_ms(3));
  EXPECT_EQ(r->receiver, "0c");
  EXPECT_EQ(r->share, "");
}

TEST(TransferRecord, SurvivesWritingAndReading) {
  for (const State state : {State::waiting, State::joined, State::handed_off, State::closed}) {
    const TransferRecord r = in_state(state);
    const auto back = decode(encode(r));
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(back->state, r.state);
    EXPECT_EQ(back->code_key, r.code_key);
    EXPECT_EQ(back->code_expires, r.code_expires);
    EXPECT_EQ(back->session_expires, r.session_expires);
    EXPECT_EQ(back->share, r.share);
  }
}

TEST(TransferRecord, KeepsMembersOfANewerVersion) {
  const auto r = decode(as_bytes(with("\"v\":1", "\"v\":1,\"colour\":[1,{\"x\":null}]")));
  ASSERT_TRUE(r) << r.error().detail;
  const auto again = boost::json::parse(to_text(encode(*r)));
  EXPECT_EQ(boost::json::serialize(again.at("colour")), R"([1,{"x":null}])");
  EXPECT_EQ(again.at("state"), "joined");
}

TEST(TransferRecord, RefusesDamage) {
  const std::string bad[] = {
      "",
      "[]",
      "{",
      std::string(kText).substr(0, 40),
      with("\"v\":1", "\"v\":2"),
      with("\"v\":1,", ""),
      with("joined", "flying"),
      with("joined", "handed_off"),
      with("\"created\":1", "\"created\":\"1\""),
      with("\"created\":1", "\"created\":-1"),
      with("\"created\":1", "\"created\":9223372036854775807"),
      with("\"created\":1", "\"created\":1.5"),
      with("\"receiver\":\"0c\",", ""),
      with("\"code\":\"aa\"", "\"code\":null"),
  };
  for (const auto& text : bad) {
    const auto r = decode(as_bytes(text));
    ASSERT_FALSE(r) << text;
    EXPECT_EQ(r.error().code, Errc::corrupt) << text;
  }
}

TEST(TransferRules, OneReceiverMayJoinWhileTheCodeLives) {
  EXPECT_EQ(may_join(waiting(), kNow), MayJoin::yes);
  EXPECT_EQ(may_join(waiting(), kNow + 1h - 1ms), MayJoin::yes);
  EXPECT_EQ(may_join(waiting(), kNow + 1h), MayJoin::expired);
  EXPECT_EQ(may_join(in_state(State::joined), kNow), MayJoin::taken);
  EXPECT_EQ(may_join(in_state(State::joined), kNow + 2h), MayJoin::expired);
  EXPECT_EQ(may_join(in_state(State::closed), kNow), MayJoin::closed);
}

TEST(TransferRules, EverybodyMayJoinAfterTheHandOff) {
  EXPECT_EQ(may_join(in_state(State::handed_off), kNow), MayJoin::yes);
  EXPECT_EQ(may_join(in_state(State::handed_off), kNow + 1h), MayJoin::expired);
}

TEST(TransferRules, AReceiversSessionEndsWithTheTransferOrTheShare) {
  EXPECT_EQ(receiver_session_end(waiting(), kNow + 30min, 12h), kNow + 12h);
  TransferRecord stored = in_state(State::handed_off);
  stored.code_expires = kNow + 7 * 24h;
  EXPECT_EQ(receiver_session_end(stored, kNow + 24h, 12h), kNow + 36h);
  EXPECT_EQ(receiver_session_end(stored, kNow + 7 * 24h - 1h, 12h), kNow + 7 * 24h);
}

TEST(TransferId, IsThirtyTwoHexCharacters) {
  const auto id = parse_transfer_id("000102030405060708090a0b0c0d0e0f");
  ASSERT_TRUE(id);
  EXPECT_EQ((*id)[15], std::byte{15});
  EXPECT_EQ(ferry::transfers::to_text(*id), "000102030405060708090a0b0c0d0e0f");
  EXPECT_FALSE(parse_transfer_id("000102030405060708090a0b0c0d0e"));
  EXPECT_FALSE(parse_transfer_id("000102030405060708090a0b0c0d0e0g"));
}
