#include "base/token.hpp"

#include "base/time.hpp"

#include <gtest/gtest.h>
#include <thread>

namespace {

using namespace ferry;
using namespace std::chrono_literals;

std::string counting(unsigned from, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) {
    out += static_cast<char>(from + i);
  }
  return out;
}

// The published vector of the format; its key is that of the day after it was issued.
constexpr std::string_view kVector =
    "st1.AQEBAAAAUCUAAAGctzF-AAAAAZy3PzmgoKGio6SlpqeoqaqrrK2ur8DBwsPExcbHyMnKywAAAAI."
    "sRtZimrIoRwFixm-0jH2Y91xRcv4YBu4T8ODk9dFOWU";
// The same with the key of its own day, made with Python's hmac.
constexpr std::string_view kMinted =
    "st1.AQEBAAAAUCQAAAGctzF-AAAAAZy3PzmgoKGio6SlpqeoqaqrrK2ur8DBwsPExcbHyMnKywAAAAI."
    "ubkIti8pt7FXU8D9eYbCPJ--hCivzAIjWsS7IrzeyEA";
const Token::Time kIssued = from_unix_ms(1772600000000);

class Tokens : public testing::Test {
 protected:
  TokenKeys keys_{Secret(counting(0, 32))};
  Token token_ = [] {
    Token t;
    t.role = Role::sender;
    t.issued = kIssued;
    t.expires = kIssued + 15min;
    for (std::size_t i = 0; i < t.room.size(); ++i) {
      t.room[i] = static_cast<std::byte>(0xa0 + i);
    }
    for (std::size_t i = 0; i < t.id.size(); ++i) {
      t.id[i] = static_cast<std::byte>(0xc0 + i);
    }
    t.arg = 2;
    return t;
  }();

  std::string reason(std::string_view text, Token::Time now,
                     TokenType expected = TokenType::signal) {
    std::string_view why = "accepted";
    const bool accepted = keys_.verify(text, expected, now, &why).has_value();
    EXPECT_EQ(accepted, why == "accepted");
    return std::string(why);
  }
};

TEST_F(Tokens, MatchTheVectors) {
  EXPECT_EQ(keys_.mint(token_), kMinted);
  EXPECT_TRUE(keys_.verify(kMinted, TokenType::signal, kIssued));
  EXPECT_TRUE(keys_.verify(kVector, TokenType::signal, kIssued));
}

TEST_F(Tokens, AreReadBackAsTheyWereMinted) {
  const auto read = keys_.verify(kVector, TokenType::signal, kIssued);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->type, TokenType::signal);
  EXPECT_EQ(read->role, Role::sender);
  EXPECT_EQ(read->issued, token_.issued);
  EXPECT_EQ(read->expires, token_.expires);
  EXPECT_EQ(read->room, token_.room);
  EXPECT_EQ(read->id, token_.id);
  EXPECT_EQ(read->arg, 2u);
}

TEST_F(Tokens, RefuseEveryFlippedBit) {
  for (std::size_t i = 0; i < kVector.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed(kVector);
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_FALSE(keys_.verify(changed, TokenType::signal, kIssued)) << i << " " << bit;
    }
  }
}

TEST_F(Tokens, RefuseOtherLengths) {
  EXPECT_EQ(reason("", kIssued), "not a token");
  EXPECT_EQ(reason(kVector.substr(0, 122), kIssued), "not a token");
  EXPECT_EQ(reason(std::string(kVector) + "A", kIssued), "not a token");
}

TEST_F(Tokens, AreOfOneTypeOnly) {
  EXPECT_EQ(reason(kVector, kIssued, TokenType::owner), "a token for something else");
}

TEST_F(Tokens, AllowThirtySecondsOfSkew) {
  EXPECT_EQ(reason(kVector, kIssued - 30s), "accepted");
  EXPECT_EQ(reason(kVector, kIssued - 30s - 1ms), "issued in the future");
  EXPECT_EQ(reason(kVector, token_.expires + 30s - 1ms), "accepted");
  EXPECT_EQ(reason(kVector, token_.expires + 30s), "expired");
}

TEST_F(Tokens, AreSignedWithTheKeyOfTheDay) {
  token_.issued = std::chrono::floor<std::chrono::days>(kIssued);
  token_.expires = token_.issued + 24h;
  const std::string text = keys_.mint(token_);
  EXPECT_EQ(reason(text, token_.issued + 24h + 29s), "accepted");
  EXPECT_EQ(reason(text, token_.issued - 29s), "accepted");
  EXPECT_EQ(reason(text, token_.issued + 48h),
            "signed with the key of another day or an unknown type");
}

TEST_F(Tokens, AreNotMintedWithoutHope) {
  Token t = token_;
  t.expires = t.issued + 24h + 1ms;
  EXPECT_THROW(keys_.mint(t), std::invalid_argument);
  t.expires = t.issued;
  EXPECT_THROW(keys_.mint(t), std::invalid_argument);
  t = token_;
  t.flags = 1;
  EXPECT_THROW(keys_.mint(t), std::invalid_argument);
}

TEST_F(Tokens, OfAnotherMasterAreRefused) {
  const TokenKeys other(Secret(counting(1, 32)));
  EXPECT_FALSE(other.verify(kVector, TokenType::signal, kIssued));
  EXPECT_THROW(TokenKeys(Secret(counting(0, 31))), std::invalid_argument);
}

TEST_F(Tokens, GetARandomIdWhenTheyHaveNone) {
  token_.id = {};
  EXPECT_NE(keys_.mint(token_), keys_.mint(token_));
}

TEST_F(Tokens, AreVerifiedFromSeveralThreads) {
  std::array<int, 4> accepted{};
  {
    std::vector<std::jthread> threads;
    for (int& count : accepted) {
      threads.emplace_back([this, &count] {
        for (int i = 0; i < 200; ++i) {
          count += keys_.verify(kVector, TokenType::signal, kIssued).has_value();
        }
      });
    }
  }
  for (const int count : accepted) {
    EXPECT_EQ(count, 200);
  }
}

}  // namespace
