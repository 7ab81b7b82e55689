#include "websocket/frame.hpp"

#include <gtest/gtest.h>
#include <random>

namespace ferry::websocket {
namespace {

/// A client's frame, encoded from RFC 6455 §5.2.
std::string frame(unsigned first_byte, std::string payload, bool masked = true) {
  std::string out;
  out += static_cast<char>(first_byte);
  const char bit = static_cast<char>(masked ? 0x80 : 0);
  if (payload.size() < 126) {
    out += static_cast<char>(bit | static_cast<char>(payload.size()));
  } else if (payload.size() < 65536) {
    out += static_cast<char>(bit | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size());
  } else {
    out += static_cast<char>(bit | 127);
    for (int shift = 56; shift >= 0; shift -= 8) {
      out += static_cast<char>(payload.size() >> shift);
    }
  }
  if (masked) {
    const std::string mask = "\x12\x34\x56\x78";
    out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
      payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
    }
  }
  return out + payload;
}

constexpr unsigned kText = 0x81;

/// What the decoder says about `bytes`, given in pieces: "text:abc", "close:1000:bye", ….
std::vector<std::string> decode(const std::string& bytes, std::size_t piece = SIZE_MAX,
                                std::size_t limit = 1000) {
  Decoder decoder(limit);
  std::vector<std::string> out;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto space = decoder.prepare();
    const auto n = std::min({piece, bytes.size() - at, space.size()});
    std::copy_n(bytes.data() + at, n, space.data());
    decoder.commit(n);
    at += n;
    for (;;) {
      const bool ready = decoder.ready();
      const auto event = decoder.next();
      if (event.kind == Event::Kind::more) {
        break;
      }
      EXPECT_TRUE(ready);
      switch (event.kind) {
        case Event::Kind::text: out.push_back("text:" + std::string(event.payload)); break;
        case Event::Kind::ping: out.push_back("ping:" + std::string(event.payload)); break;
        case Event::Kind::pong: out.push_back("pong:" + std::string(event.payload)); break;
        case Event::Kind::close:
          out.push_back("close:" + std::to_string(event.code) + ":" + std::string(event.payload));
          break;
        case Event::Kind::failure:
          out.push_back("failure:" + std::to_string(event.code));
          return out;
        case Event::Kind::more: break;
      }
    }
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(Decoder, ReadsMessagesOfEveryLengthFormHoweverTheyArrive) {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 4000u, 65535u, 65536u, 200000u}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
      text[i] = static_cast<char>('a' + i % 26);
    }
    const auto bytes = frame(kText, text) + frame(kText, "next");
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, SIZE_MAX}) {
      EXPECT_EQ(decode(bytes, size > 5000 && piece < 8 ? 1000 : piece, 1 << 20),
                (Strings{"text:" + text, "text:next"}))
          << size << " " << piece;
    }
  }
}

TEST(Decoder, JoinsFragmentsWithControlFramesBetween) {
  const auto bytes = frame(0x01, "ab") + frame(0x89, "p") + frame(0x00, "cd") + frame(0x8a, "q") +
                     frame(0x80, "ef") + frame(kText, "x");
  EXPECT_EQ(decode(bytes), (Strings{"ping:p", "pong:q", "text:abcdef", "text:x"}));
  EXPECT_EQ(decode(bytes, 1), decode(bytes));
}

TEST(Decoder, AFragmentedMessageDoesNotCountAgainstTheNext) {
  const std::string text(600, 'a');
  EXPECT_EQ(decode(frame(0x01, text) + frame(0x80, "") + frame(kText, text)),
            (Strings{"text:" + text, "text:" + text}));
}

TEST(Decoder, ReadsCloseFrames) {
  EXPECT_EQ(decode(frame(0x88, "")), (Strings{"close:1005:"}));
  EXPECT_EQ(decode(frame(0x88,
                         "\x03\xe8"
                         "bye")),
            (Strings{"close:1000:bye"}));
  EXPECT_EQ(decode(frame(0x88, "\x0f\xa0")), (Strings{"close:4000:"}));
}

struct Refusal {
  const char* name;
  std::string bytes;
  int code;
};
class Refuses : public testing::TestWithParam<Refusal> {};

TEST_P(Refuses, WithTheRightCode) {
  const Strings expected{"failure:" + std::to_string(GetParam().code)};
  EXPECT_EQ(decode(GetParam().bytes), expected);
  EXPECT_EQ(decode(GetParam().bytes, 1), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Frames, Refuses,
    testing::Values(
        Refusal{"Unmasked", frame(kText, "a", false), 1002},
        Refusal{"Rsv1", frame(0xc1, "a"), 1002}, Refusal{"Rsv2", frame(0xa1, "a"), 1002},
        Refusal{"Rsv3", frame(0x91, "a"), 1002}, Refusal{"Opcode3", frame(0x83, "a"), 1002},
        Refusal{"OpcodeB", frame(0x8b, "a"), 1002}, Refusal{"Binary", frame(0x82, "a"), 1003},
        Refusal{"FragmentedPing", frame(0x09, "a"), 1002},
        Refusal{"LongPing", frame(0x89, std::string(126, 'a')), 1002},
        Refusal{"LoneContinuation", frame(0x80, "a"), 1002},
        Refusal{"TextInsideText", frame(0x01, "a") + frame(0x81, "b"), 1002},
        Refusal{"TooLarge", frame(kText, std::string(1001, 'a')), 1009},
        Refusal{"TooLargeTogether",
                frame(0x01, std::string(600, 'a')) + frame(0x80, std::string(600, 'a')), 1009},
        Refusal{"NotUtf8", frame(kText, "a\xff"), 1007},
        Refusal{"Surrogate", frame(kText, "\xed\xa0\x80"), 1007},
        Refusal{"NotUtf8Together", frame(0x01, "\xe5\x90") + frame(0x80, "a"), 1007},
        Refusal{"CloseOneByte", frame(0x88, "\x03"), 1002},
        Refusal{"Close1005", frame(0x88, "\x03\xed"), 1002},
        Refusal{"Close1006", frame(0x88, "\x03\xee"), 1002},
        Refusal{"Close999", frame(0x88, "\x03\xe7"), 1002},
        Refusal{"Close2000", frame(0x88, "\x07\xd0"), 1002},
        Refusal{"Close5000", frame(0x88, "\x13\x88"), 1002},
        Refusal{"CloseReasonNotUtf8", frame(0x88, "\x03\xe8\xff"), 1007},
        Refusal{"Overlong16",
                std::string("\x81\xfe\x00\x05"
                            "mask12345",
                            13),
                1002},
        Refusal{"Overlong64",
                std::string("\x81\xff\0\0\0\0\0\0\0\x05"
                            "mask12345",
                            19),
                1002},
        Refusal{"Huge",
                std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                            "mask",
                            14),
                1009}),
    [](const auto& param) { return param.param.name; });

TEST(Decoder, AcceptsACharacterSplitBetweenFragments) {
  EXPECT_EQ(decode(frame(0x01, "\xe5\x90") + frame(0x80, "\x8d")), (Strings{"text:\xe5\x90\x8d"}));
}

TEST(Decoder, RefusesEndlessFragments) {
  std::string bytes = frame(0x01, "a");
  for (int i = 1; i < 16; ++i) {
    bytes += frame(0x00, "a");
  }
  EXPECT_EQ(decode(bytes), Strings{});
  EXPECT_EQ(decode(bytes + frame(0x00, "")), (Strings{"failure:1008"}));
}

TEST(Unmask, IsItsOwnInverseAtEveryLength) {
  std::mt19937 random(3);
  for (std::size_t n = 0; n < 70; ++n) {
    std::string text(n, '\0');
    for (auto& c : text) {
      c = static_cast<char>(random());
    }
    std::string expected = text;
    const std::array<char, 4> mask{1, 2, static_cast<char>(0x83), 4};
    for (std::size_t i = 0; i < n; ++i) {
      expected[i] = static_cast<char>(expected[i] ^ mask[i % 4]);
    }
    unmask(text, mask);
    EXPECT_EQ(text, expected);
  }
}

TEST(FrameHeader, UsesTheShortestForm) {
  const auto bytes = [](std::uint64_t n) {
    const FrameHeader h(Opcode::text, n);
    return std::string(reinterpret_cast<const char*>(h.bytes.data()), h.size);
  };
  EXPECT_EQ(bytes(5), "\x81\x05");
  EXPECT_EQ(bytes(125), "\x81\x7d");
  EXPECT_EQ(bytes(126), std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(bytes(65535), std::string("\x81\x7e\xff\xff", 4));
  EXPECT_EQ(bytes(65536), std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10));
}

TEST(ClosePayload, CutsTheReasonAtACharacter) {
  EXPECT_EQ(close_payload(1000, "bye"),
            "\x03\xe8"
            "bye");
  const auto cut = close_payload(4400, std::string(122, 'a') + "\xc3\xa4");
  EXPECT_EQ(cut.size(), 124u);
}

}  // namespace
}  // namespace ferry::websocket
