#include "log_codec.hpp"

#include "crc32c.hpp"

namespace ferry::filesystem {
namespace {

constexpr std::uint32_t kMagic = 0x4c424631;  // "1FBL"
constexpr std::size_t kCheckedSize = kLogRecordSize - 4;

template <class Integer>
void store(std::byte* at, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    at[i] = static_cast<std::byte>(value >> (8 * i));
  }
}

template <class Integer>
Integer load(const std::byte* at) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    value |= static_cast<Integer>(static_cast<Integer>(at[i]) << (8 * i));
  }
  return value;
}

}  // namespace

std::array<std::byte, kLogRecordSize> encode(const LogRecord& record) {
  std::array<std::byte, kLogRecordSize> bytes{};
  store(bytes.data(), kMagic);
  store(bytes.data() + 4, record.sequence);
  store(bytes.data() + 12, record.offset);
  store(bytes.data() + 20, record.data_crc);
  store(bytes.data() + kCheckedSize, crc32c(ByteView(bytes).first(kCheckedSize)));
  return bytes;
}

std::optional<LogRecord> decode(ByteView bytes) {
  if (bytes.size() != kLogRecordSize || load<std::uint32_t>(bytes.data()) != kMagic ||
      load<std::uint32_t>(bytes.data() + kCheckedSize) != crc32c(bytes.first(kCheckedSize))) {
    return std::nullopt;
  }
  LogRecord r;
  r.sequence = load<std::uint64_t>(bytes.data() + 4);
  r.offset = load<std::uint64_t>(bytes.data() + 12);
  r.data_crc = load<std::uint32_t>(bytes.data() + 20);
  return r;
}

std::vector<LogRecord> parse_log(ByteView log) {
  std::vector<LogRecord> records;
  while (log.size() >= kLogRecordSize) {
    const auto record = decode(log.first(kLogRecordSize));
    const std::uint64_t before = records.empty() ? 0 : records.back().offset;
    if (!record || record->sequence != records.size() + 1 || record->offset < before) {
      break;
    }
    records.push_back(*record);
    log = log.subspan(kLogRecordSize);
  }
  return records;
}

}  // namespace ferry::filesystem
