// Content-Disposition is one line of printable ASCII whatever the name is.
#include "base/encoding.hpp"
#include "http/content_disposition.hpp"

#include <cstdint>
#include <cstdlib>

using namespace ferry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view name(reinterpret_cast<const char*>(data), size);
  const auto safe = http::safe_file_name(name);
  const bool good = !safe.empty() && safe.size() <= 255 && is_utf8(safe) &&
                    safe.find_first_of("/\\") == std::string::npos && safe != "." && safe != ".." &&
                    http::safe_file_name(safe) == safe;
  const auto field = http::content_disposition(name);
  for (const char c : field) {
    if (c < 0x20 || c > 0x7e) {
      std::abort();
    }
  }
  const std::string extended = "filename*=UTF-8''";
  const auto at = field.find(extended);
  const bool same = at == std::string::npos ||
                    percent_decode(std::string_view(field).substr(at + extended.size())) == safe;
  if (!good || !same) {
    std::abort();
  }
  return 0;
}
