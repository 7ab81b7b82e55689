#include "crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace ferry::filesystem {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected

/// Row n holds the CRC of a byte followed by n zero bytes: eight bytes per step.
constexpr auto make_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    }
    tables[0][i] = crc;
  }
  for (std::size_t row = 1; row < 8; ++row) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t before = tables[row - 1][i];
      tables[row][i] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr auto kTables = make_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse(ByteView bytes,
                                                           std::uint32_t crc) noexcept {
  const std::byte* p = bytes.data();
  std::size_t n = bytes.size();
  std::uint64_t state = ~crc;
  for (; n >= 8; p += 8, n -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    state = _mm_crc32_u64(state, word);
  }
  auto tail = static_cast<std::uint32_t>(state);
  for (; n > 0; ++p, --n) {
    tail = _mm_crc32_u8(tail, static_cast<unsigned char>(*p));
  }
  return ~tail;
}
#endif

using Function = std::uint32_t (*)(ByteView, std::uint32_t) noexcept;

Function choose() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) {
    return crc32c_sse;
  }
#endif
  return crc32c_portable;
}

}  // namespace

std::uint32_t crc32c_portable(ByteView bytes, std::uint32_t crc) noexcept {
  static_assert(std::endian::native == std::endian::little);
  const std::byte* p = bytes.data();
  std::size_t n = bytes.size();
  crc = ~crc;
  for (; n >= 8; p += 8, n -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      crc ^= kTables[7 - i][(word >> (8 * i)) & 0xff];
    }
  }
  for (; n > 0; ++p, --n) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<std::uint32_t>(*p)) & 0xff];
  }
  return ~crc;
}

std::uint32_t crc32c(ByteView bytes, std::uint32_t crc) noexcept {
  static const Function function = choose();
  return function(bytes, crc);
}

}  // namespace ferry::filesystem
