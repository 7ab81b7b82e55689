#include "transfers/code.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using ferry::transfers::Code;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto code = Code::parse(text);
  if (!code) {
    if (code.error().detail.empty()) {
      std::abort();
    }
    return 0;
  }
  // What was read is written in one way and read back the same.
  const auto back = Code::parse(code->display());
  if (!back || *back != *code || code->display().size() != 9) {
    std::abort();
  }
  for (const char c : code->canonical()) {
    if (std::string_view("0123456789ABCDEFGHJKMNPQRSTVWXYZ").find(c) == std::string_view::npos) {
      std::abort();
    }
  }
  return 0;
}
