#pragma once
// The log beside an unfinished blob: one record per checkpoint, appended after the data it speaks
// of was synced. 28 bytes, little endian:
//   magic u32 | sequence u64 | offset u64 | crc32c of the bytes since the record before u32 |
//   crc32c of the 24 bytes above u32
#include <ferry/bytes.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace ferry::filesystem {

inline constexpr std::size_t kLogRecordSize = 28;

struct LogRecord {
  std::uint64_t sequence = 0;  ///< 1, 2, 3, …
  std::uint64_t offset = 0;    ///< bytes of the blob that are durable
  std::uint32_t data_crc = 0;  ///< of the bytes between the record before and `offset`
  bool operator==(const LogRecord&) const = default;
};

std::array<std::byte, kLogRecordSize> encode(const LogRecord& record);

/// Nothing unless `bytes` is exactly one record with a right checksum.
std::optional<LogRecord> decode(ByteView bytes);

/// The records of a log up to the first that is torn, damaged or out of order. The place of the
/// first one left out is the result's size times kLogRecordSize.
std::vector<LogRecord> parse_log(ByteView log);

}  // namespace ferry::filesystem
