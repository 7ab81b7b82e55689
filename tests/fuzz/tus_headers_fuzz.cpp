// Upload-Metadata and the numbers of tus: never crashes, and what is accepted keeps its promises.
#include "base/encoding.hpp"
#include "shares/tus_headers.hpp"

#include <cstdint>
#include <cstdlib>
#include <set>

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ferry::shares;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto number = parse_byte_count(text)) {
    require(*number <= kMaxLength && std::to_string(*number) == text);
  }
  const auto half = text.substr(0, size / 2);
  const auto rest = text.substr(size / 2);
  if (const auto length = parse_declared_length(half, rest)) {
    require(length->has_value() ? rest.empty() : rest == "1");
  }
  (void)is_offset_media_type(text);

  const auto metadata = parse_metadata(text);
  if (!metadata) {
    return 0;
  }
  require(metadata->pairs().size() <= kMaxMetadataPairs && size <= kMaxMetadataBytes);
  std::set<std::string> keys;
  std::string again;
  for (const auto& [key, value] : metadata->pairs()) {
    require(keys.insert(key).second);
    again += (again.empty() ? "" : ",") + key;
    if (!value.empty()) {
      again += " " + ferry::base64(ferry::as_bytes(value));
    }
  }
  // The canonical form never grows, and reads as the same pairs.
  const auto back = parse_metadata(again);
  require(back && back->pairs() == metadata->pairs());
  return 0;
}
