// What is accepted must be readable again and mean the same.
#include "base/json.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = ferry::json::parse(text);
  if (parsed) {
    const auto again = ferry::json::parse(ferry::json::serialize(*parsed));
    if (!again || *again != *parsed) {
      std::abort();
    }
  } else if (parsed.error().detail.empty()) {
    std::abort();
  }
  return 0;
}
