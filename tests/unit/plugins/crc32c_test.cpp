#include "filesystem/crc32c.hpp"

#include <gtest/gtest.h>
#include <random>

namespace ferry::filesystem {
namespace {

struct Vector {
  Bytes bytes;
  std::uint32_t crc;
};

/// RFC 3720, appendix B.4, and the check value of the CRC catalogues.
std::vector<Vector> vectors() {
  Bytes up;
  Bytes down;
  for (int i = 0; i < 32; ++i) {
    up.push_back(static_cast<std::byte>(i));
    down.push_back(static_cast<std::byte>(31 - i));
  }
  Bytes read(48, std::byte{0});
  for (const auto [at, value] : {std::pair<std::size_t, int>{0, 0x01},
                                 {1, 0xc0},
                                 {16, 0x14},
                                 {22, 0x04},
                                 {27, 0x14},
                                 {31, 0x18},
                                 {32, 0x28},
                                 {40, 0x02}}) {
    read[at] = static_cast<std::byte>(value);
  }
  return {{Bytes(32, std::byte{0}), 0x8a9136aa},
          {Bytes(32, std::byte{0xff}), 0x62a8ab43},
          {up, 0x46dd794e},
          {down, 0x113fdb5c},
          {read, 0xd9963a56},
          {to_bytes("123456789"), 0xe3069283},
          {{}, 0}};
}

TEST(Crc32c, AgreesWithRfc3720) {
  for (const Vector& v : vectors()) {
    EXPECT_EQ(crc32c(v.bytes), v.crc);
    EXPECT_EQ(crc32c_portable(v.bytes), v.crc);
  }
}

TEST(Crc32c, ContinuesOverAnySplitAndAlignment) {
  std::minstd_rand random(1);
  Bytes bytes(300);
  for (auto& b : bytes) {
    b = static_cast<std::byte>(random() >> 8);
  }
  const ByteView all(bytes);
  for (std::size_t from = 0; from < 9; ++from) {
    const auto whole = crc32c_portable(all.subspan(from));
    for (std::size_t split = from; split <= all.size(); ++split) {
      const auto head = all.subspan(from, split - from);
      const auto tail = all.subspan(split);
      EXPECT_EQ(crc32c(tail, crc32c(head)), whole);
      EXPECT_EQ(crc32c_portable(tail, crc32c_portable(head)), whole);
    }
  }
}

}  // namespace
}  // namespace ferry::filesystem
