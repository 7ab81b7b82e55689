// The log of an unfinished blob, as a crash may have left it.
#include "filesystem/log_codec.hpp"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ferry::filesystem;
  const ferry::ByteView log(reinterpret_cast<const std::byte*>(data), size);
  const auto records = parse_log(log);
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto bytes = encode(records[i]);
    const auto written = log.subspan(i * kLogRecordSize, kLogRecordSize);
    if (records[i].sequence != i + 1 || records[i].offset < offset ||
        !std::equal(bytes.begin(), bytes.end(), written.begin())) {
      std::abort();
    }
    offset = records[i].offset;
  }
  return 0;
}
