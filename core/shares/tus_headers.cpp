#include "shares/tus_headers.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <charconv>

namespace ferry::shares {
namespace {

std::string_view trim_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

Problem bad_metadata(std::string why) {
  return Problem(ProblemType::invalid_request, "Upload-Metadata: " + std::move(why));
}

}  // namespace

std::optional<std::uint64_t> parse_byte_count(std::string_view text) {
  if (text.empty() || text.size() > 16 || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > kMaxLength) {
    return std::nullopt;
  }
  return value;
}

Outcome<std::optional<std::uint64_t>> parse_declared_length(std::string_view upload_length,
                                                            std::string_view defer_length) {
  if (!upload_length.empty() && !defer_length.empty()) {
    return Problem(ProblemType::invalid_request,
                   "Upload-Length and Upload-Defer-Length exclude each other");
  }
  if (!defer_length.empty()) {
    if (defer_length != "1") {
      return Problem(ProblemType::invalid_request, "Upload-Defer-Length must be 1");
    }
    return std::optional<std::uint64_t>();
  }
  const auto length = parse_byte_count(upload_length);
  if (!length) {
    return Problem(ProblemType::invalid_request,
                   upload_length.empty() ? "Upload-Length or Upload-Defer-Length is needed"
                                         : "Upload-Length must be a number of bytes below 2^53");
  }
  return length;
}

std::string_view Metadata::find(std::string_view key) const {
  const auto at = std::ranges::find(pairs_, key, &std::pair<std::string, std::string>::first);
  return at == pairs_.end() ? std::string_view() : std::string_view(at->second);
}

Outcome<Metadata> parse_metadata(std::string_view field) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (field.size() > kMaxMetadataBytes) {
    return bad_metadata("longer than " + std::to_string(kMaxMetadataBytes) + " bytes");
  }
  if (trim_blanks(field).empty()) {
    return Metadata(std::move(pairs));
  }
  for (std::size_t at = 0; at <= field.size();) {
    const auto comma = std::min(field.find(',', at), field.size());
    const auto pair = trim_blanks(field.substr(at, comma - at));
    at = comma + 1;
    const auto blank = pair.find(' ');
    const auto key = pair.substr(0, blank);
    if (key.empty() || !is_visible_ascii(key)) {
      return bad_metadata("a key must be visible ASCII and not empty");
    }
    if (pairs.size() == kMaxMetadataPairs) {
      return bad_metadata("more than " + std::to_string(kMaxMetadataPairs) + " pairs");
    }
    if (std::ranges::find(pairs, key, &std::pair<std::string, std::string>::first) != pairs.end()) {
      return bad_metadata("a key is repeated");
    }
    std::string value;
    if (blank != std::string_view::npos) {
      const auto bytes = base64_decode(pair.substr(blank + 1));
      if (!bytes) {
        return bad_metadata("a value is not base64");
      }
      value = to_text(*bytes);
    }
    pairs.emplace_back(std::string(key), std::move(value));
  }
  return Metadata(std::move(pairs));
}

bool is_offset_media_type(std::string_view content_type) {
  return std::ranges::equal(content_type, kOffsetMediaType, {}, lower);
}

std::string format_expires(WallTime t) {
  return http_date(t);
}

}  // namespace ferry::shares
