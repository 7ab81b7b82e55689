#pragma once
// CRC-32C (Castagnoli), RFC 3720 appendix B.4.
#include <ferry/bytes.hpp>

#include <cstdint>

namespace ferry::filesystem {

/// Continues `crc` (0 at the start) over `bytes`. Uses SSE 4.2 where the processor has it.
std::uint32_t crc32c(ByteView bytes, std::uint32_t crc = 0) noexcept;

/// The same by table, on any processor.
std::uint32_t crc32c_portable(ByteView bytes, std::uint32_t crc = 0) noexcept;

}  // namespace ferry::filesystem
