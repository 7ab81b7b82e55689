#include "http/chunked.hpp"

#include <gtest/gtest.h>

namespace ferry::http {
namespace {

struct Decoded {
  std::string body;
  std::string rest;
  ChunkedDecoder::State state = ChunkedDecoder::State::more;
};

/// Decodes `text` given in pieces of `piece` bytes.
Decoded decode(const std::string& text, std::size_t piece) {
  Decoded out;
  ChunkedDecoder decoder;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    std::string_view input = std::string_view(text).substr(at, piece);
    for (;;) {
      const auto step = decoder.next(input);
      out.body += step.data;
      input.remove_prefix(step.used);
      out.state = step.state;
      if (step.state != ChunkedDecoder::State::data) {
        break;
      }
    }
    if (out.state != ChunkedDecoder::State::more) {
      out.rest = std::string(input) + text.substr(std::min(text.size(), at + piece));
      return out;
    }
    EXPECT_TRUE(input.empty());
  }
  return out;
}

TEST(ChunkedDecoder, JoinsChunksHoweverTheBytesArrive) {
  const std::string text = "3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\nGET /";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto out = decode(text, piece);
    EXPECT_EQ(out.state, ChunkedDecoder::State::done);
    EXPECT_EQ(out.body, "abc0123456789");
    EXPECT_EQ(out.rest, "GET /");
  }
}

TEST(ChunkedDecoder, RefusesEverythingElse) {
  for (const std::string text :
       {"\r\n", "g\r\n", "3;a=b\r\nabc\r\n", "3 \r\nabc\r\n", " 3\r\nabc\r\n", "3\nabc\r\n",
        "3\r\nabcd\r\n", "3\r\nabc\n0\r\n\r\n", "0\r\nTrailer: x\r\n\r\n", "0\r\n\n", "-1\r\n",
        "0x3\r\nabc\r\n", "10000000000000\r\n", "00000000000000003\r\nabc\r\n", "3\r\rabc"}) {
    EXPECT_EQ(decode(text, text.size()).state, ChunkedDecoder::State::malformed) << text;
    EXPECT_EQ(decode(text, 1).state, ChunkedDecoder::State::malformed) << text;
  }
}

}  // namespace
}  // namespace ferry::http
