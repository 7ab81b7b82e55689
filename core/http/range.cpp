#include "http/range.hpp"

#include <algorithm>
#include <charconv>

namespace ferry::http {
namespace {

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

/// Digits only; a number beyond 64 bits counts as the largest, which no file reaches.
std::optional<std::uint64_t> number(std::string_view text) noexcept {
  if (text.empty() ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  std::uint64_t out = 0;
  const auto [at, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc() ? out : UINT64_MAX;
}

std::string_view without_weakness(std::string_view etag) noexcept {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

/// Calls `f` with each entity tag of a list; commas inside the quotes belong to the tag.
template <class F>
bool any_etag(std::string_view list, F f) {
  while (!list.empty()) {
    list = trim(list);
    const std::size_t start = list.starts_with("W/") ? 2 : 0;
    if (start >= list.size() || list[start] != '"') {
      return false;
    }
    const auto end = list.find('"', start + 1);
    if (end == std::string_view::npos) {
      return false;
    }
    if (f(list.substr(0, end + 1))) {
      return true;
    }
    list = trim(list.substr(end + 1));
    if (!list.empty()) {
      if (list.front() != ',') {
        return false;
      }
      list.remove_prefix(1);
    }
  }
  return false;
}

WallTime whole_seconds(WallTime t) {
  return std::chrono::floor<std::chrono::seconds>(t);
}

}  // namespace

RangeVerdict parse_range(std::string_view value, std::uint64_t size) noexcept {
  constexpr std::string_view kUnit = "bytes=";
  RangeVerdict out;
  value = trim(value);
  if (value.size() < kUnit.size() ||
      !std::equal(kUnit.begin(), kUnit.end(), value.begin(), [](char want, char c) {
        return want == (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
      })) {
    return out;
  }
  value = trim(value.substr(kUnit.size()));
  const auto dash = value.find('-');
  if (dash == std::string_view::npos || value.find(',') != std::string_view::npos) {
    return out;
  }
  const auto first_text = value.substr(0, dash);
  const auto last_text = value.substr(dash + 1);
  if (first_text.empty()) {
    const auto suffix = number(last_text);
    if (!suffix) {
      return out;
    }
    if (*suffix == 0 || size == 0) {
      out.kind = RangeVerdict::Kind::unsatisfiable;
      return out;
    }
    const auto length = std::min(*suffix, size);
    out.kind = RangeVerdict::Kind::partial;
    out.span = {size - length, length};
    return out;
  }
  const auto first = number(first_text);
  const auto last =
      last_text.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : number(last_text);
  if (!first || !last || *last < *first) {
    return out;
  }
  if (*first >= size) {
    out.kind = RangeVerdict::Kind::unsatisfiable;
    return out;
  }
  out.kind = RangeVerdict::Kind::partial;
  out.span = {*first, std::min(*last, size - 1) - *first + 1};
  return out;
}

bool is_strong_etag(std::string_view etag) noexcept {
  return etag.size() >= 2 && etag.front() == '"' && etag.back() == '"' &&
         std::all_of(etag.begin() + 1, etag.end() - 1, [](char c) {
           const auto u = static_cast<unsigned char>(c);
           return u == 0x21 || (u >= 0x23 && u != 0x7f);
         });
}

bool if_range_holds(std::string_view if_range, std::string_view etag,
                    std::optional<WallTime> last_modified) {
  if_range = trim(if_range);
  if (if_range.empty()) {
    return true;
  }
  if (if_range.front() == '"' || if_range.starts_with("W/")) {
    return is_strong_etag(if_range) && if_range == etag;
  }
  const auto date = parse_http_date(if_range);
  return date && last_modified && *date == whole_seconds(*last_modified);
}

bool not_modified(std::string_view if_none_match, std::string_view if_modified_since,
                  std::string_view etag, std::optional<WallTime> last_modified) {
  if_none_match = trim(if_none_match);
  if (!if_none_match.empty()) {
    return if_none_match == "*" || any_etag(if_none_match, [&](std::string_view candidate) {
             return without_weakness(candidate) == without_weakness(etag);
           });
  }
  const auto since = parse_http_date(trim(if_modified_since));
  return since && last_modified && whole_seconds(*last_modified) <= *since;
}

bool if_match_holds(std::string_view if_match, std::string_view etag) {
  if_match = trim(if_match);
  return if_match.empty() || if_match == "*" || any_etag(if_match, [&](std::string_view candidate) {
           return is_strong_etag(candidate) && candidate == etag;
         });
}

std::string strong_etag(std::string_view opaque) {
  return "\"" + std::string(opaque) + "\"";
}

}  // namespace ferry::http
