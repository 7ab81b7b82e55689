// Range, conditional fields and Accept-Encoding: first 8 bytes are the size, then lines.
#include "http/range.hpp"
#include "http/static_files.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace ferry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t blob = 0;
  if (size < sizeof blob) {
    return 0;
  }
  std::memcpy(&blob, data, sizeof blob);
  const std::string_view text(reinterpret_cast<const char*>(data) + sizeof blob,
                              size - sizeof blob);
  const auto range = http::parse_range(text, blob);
  if (range.kind == http::RangeVerdict::Kind::partial) {
    const bool inside = range.span.length > 0 && range.span.first < blob &&
                        range.span.length <= blob - range.span.first;
    if (!inside) {
      std::abort();
    }
  }
  const auto line = text.substr(0, text.find('\n'));
  http::if_range_holds(line, "\"a\"", from_unix_ms(0));
  http::not_modified(line, text, "\"a\"", from_unix_ms(0));
  http::if_match_holds(line, "\"a\"");
  if (http::encoding_quality(line, "br") > 1000) {
    std::abort();
  }
  return 0;
}
