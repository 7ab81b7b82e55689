#include "shares/file_facts.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace ferry::shares {
namespace {

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::optional<std::string> clean_name(std::string_view name) {
  if (!is_utf8(name)) {
    return std::nullopt;
  }
  std::string out;
  out.reserve(std::min(name.size(), kMaxNameBytes));
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (c < 0x20 || c == 0x7f) {
      continue;
    }
    // U+0080..U+009F in UTF-8: C2 80 .. C2 9F.
    if (c == 0xc2 && static_cast<unsigned char>(name[i + 1]) < 0xa0) {
      ++i;
      continue;
    }
    out.push_back(name[i]);
  }
  if (out.empty() || out.size() > kMaxNameBytes) {
    return std::nullopt;
  }
  return out;
}

std::string_view base_name(std::string_view name) {
  while (name.ends_with('/')) {
    name.remove_suffix(1);
  }
  return name.substr(name.rfind('/') + 1);
}

std::string clean_type(std::string_view type) {
  const auto essence = type.substr(0, type.find(';'));
  const auto trimmed = essence.substr(0, essence.find_last_not_of(" \t") + 1);
  const auto slash = trimmed.find('/');
  const bool good = type.size() <= 127 &&
                    std::ranges::all_of(type, [](char c) { return c >= 0x20 && c < 0x7f; }) &&
                    slash != std::string_view::npos && is_token(trimmed.substr(0, slash)) &&
                    is_token(trimmed.substr(slash + 1));
  return std::string(good ? type : kDefaultType);
}

bool is_sha256_hex(std::string_view text) {
  return text.size() == 64 && is_lower_hex(text);
}

bool is_id(std::string_view text) {
  return text.size() == 32 && is_lower_hex(text);
}

}  // namespace ferry::shares
