// The chunked decoder gives the same body and the same verdict however the bytes arrive.
#include "http/chunked.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

using ferry::http::ChunkedDecoder;

namespace {

struct Result {
  std::string body;
  std::size_t used = 0;
  ChunkedDecoder::State state = ChunkedDecoder::State::more;
};

Result decode(std::string_view text, std::size_t piece) {
  Result out;
  ChunkedDecoder decoder;
  while (out.used < text.size()) {
    auto input = text.substr(out.used, piece);
    for (;;) {
      const auto step = decoder.next(input);
      if (step.used > input.size()) {
        std::abort();
      }
      out.body += step.data;
      out.used += step.used;
      input.remove_prefix(step.used);
      out.state = step.state;
      if (step.state != ChunkedDecoder::State::data) {
        break;
      }
    }
    if (out.state != ChunkedDecoder::State::more) {
      break;
    }
    if (!input.empty()) {
      std::abort();  // "more" must have used everything
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto whole = decode(text, size + 1);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}}) {
    const auto pieces = decode(text, piece);
    if (pieces.state != whole.state || pieces.body != whole.body || pieces.used != whole.used) {
      std::abort();
    }
  }
  return 0;
}
