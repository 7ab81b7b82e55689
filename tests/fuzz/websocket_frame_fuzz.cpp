// The WebSocket decoder says the same however the bytes arrive, and stays within its limits.
#include "base/encoding.hpp"
#include "websocket/frame.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace ferry;
using websocket::Event;

namespace {

constexpr std::size_t kLimit = 300;

std::string decode(std::string_view bytes, std::size_t piece) {
  websocket::Decoder decoder(kLimit);
  std::string out;
  while (!bytes.empty()) {
    const auto space = decoder.prepare();
    const auto n = std::min({piece, bytes.size(), space.size()});
    if (n == 0) {
      std::abort();
    }
    std::copy_n(bytes.data(), n, space.data());
    decoder.commit(n);
    bytes.remove_prefix(n);
    for (auto event = decoder.next(); event.kind != Event::Kind::more; event = decoder.next()) {
      out += std::to_string(static_cast<int>(event.kind)) + ":" + std::to_string(event.code) + ":";
      out += event.payload;
      out += '\n';
      if (event.kind == Event::Kind::text &&
          (event.payload.size() > kLimit || !is_utf8(event.payload))) {
        std::abort();
      }
      if (event.kind == Event::Kind::failure) {
        return out;
      }
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = decode(bytes, size + 1);
  if (decode(bytes, 1) != whole || decode(bytes, 7) != whole) {
    std::abort();
  }
  return 0;
}
