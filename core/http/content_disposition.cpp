#include "http/content_disposition.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace ferry::http {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxExtension = 16;

bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// The character at the start of `text`; empty when there is no valid one.
std::string_view character(std::string_view text) noexcept {
  std::size_t n = 1;
  while (n < text.size() && n < 4 && is_continuation(text[n])) {
    ++n;
  }
  const auto c = text.substr(0, n);
  return is_utf8(c) ? c : std::string_view();
}

bool is_removed(std::string_view c) noexcept {
  const auto u = static_cast<unsigned char>(c.front());
  if (c.size() == 1) {
    return u < 0x20 || u == 0x7f;
  }
  if (c.size() == 2) {  // C1 controls; U+061C arabic letter mark
    return (u == 0xc2 && static_cast<unsigned char>(c[1]) < 0xa0) || c == "\xd8\x9c";
  }
  if (c.size() != 3 || !c.starts_with("\xe2")) {
    return false;
  }
  // U+200E-F, U+2028-9 line separators, U+202A-E, U+2066-9
  const auto low = static_cast<unsigned char>(c[2]);
  const auto mid = static_cast<unsigned char>(c[1]);
  return (mid == 0x80 && (low == 0x8e || low == 0x8f || (low >= 0xa8 && low <= 0xae))) ||
         (mid == 0x81 && low >= 0xa6 && low <= 0xa9);
}

std::string cleaned(std::string_view name) {
  if (const auto slash = name.find_last_of("/\\"); slash != std::string_view::npos) {
    const auto rest = name.substr(slash + 1);
    if (!rest.empty()) {
      name = rest;
    }
  }
  std::string out;
  while (!name.empty()) {
    const auto c = character(name);
    if (c.empty()) {
      out += "\xef\xbf\xbd";
      name.remove_prefix(1);
      continue;
    }
    if (c == "/" || c == "\\") {
      out += '_';
    } else if (!is_removed(c)) {
      out += c;
    }
    name.remove_prefix(c.size());
  }
  return out;
}

void cut(std::string& text, std::size_t limit) {
  if (text.size() <= limit) {
    return;
  }
  while (limit > 0 && is_continuation(text[limit])) {
    --limit;
  }
  text.resize(limit);
}

void trim_end(std::string& text) {
  while (!text.empty() && text.back() == ' ') {
    text.pop_back();
  }
}

/// What a quoted-string may hold without any browser reading it differently.
bool is_plain(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' ||
         c == '.' || c == '_' || c == '-' || c == '(' || c == ')';
}

}  // namespace

std::string safe_file_name(std::string_view name) {
  auto out = cleaned(name);
  out.erase(0, std::min(out.find_first_not_of(' '), out.size()));
  trim_end(out);
  if (out.size() > kMaxName) {
    const auto dot = out.rfind('.');
    std::string extension;
    if (dot != std::string::npos && dot > 0 && out.size() - dot <= kMaxExtension) {
      extension = out.substr(dot);
    }
    cut(out, kMaxName - extension.size());
    out += extension;
    trim_end(out);
  }
  if (out.find_first_not_of('.') == std::string::npos) {
    return "download";
  }
  return out;
}

std::string content_disposition(std::string_view name) {
  const auto safe = safe_file_name(name);
  std::string plain;
  for (std::size_t i = 0; i < safe.size(); ++i) {
    if (is_plain(safe[i])) {
      plain += safe[i];
    } else if (!is_continuation(safe[i])) {
      plain += '_';
    }
  }
  std::string out = "attachment; filename=\"" + plain + "\"";
  if (plain != safe) {
    out += "; filename*=UTF-8''" + percent_encode(safe);
  }
  return out;
}

}  // namespace ferry::http
