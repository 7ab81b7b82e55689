#include "http/gate.hpp"

#include "base/encoding.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace ferry::http {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_alnum(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equal_nocase(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

template <class F>
void for_each_element(std::string_view list, F f) {
  while (true) {
    const auto comma = list.find(',');
    if (const auto element = trim(list.substr(0, comma)); !element.empty()) {
      f(element);
    }
    if (comma == std::string_view::npos) {
      return;
    }
    list.remove_prefix(comma + 1);
  }
}

bool has_element(std::string_view list, std::string_view wanted) {
  bool found = false;
  for_each_element(list, [&](std::string_view e) { found = found || equal_nocase(e, wanted); });
  return found;
}

/// Fields that carry one value: a second one is an attempt to be read two ways.
constexpr std::array<std::string_view, 32> kSingle{"authorization",
                                                   "content-encoding",
                                                   "content-length",
                                                   "content-type",
                                                   "date",
                                                   "expect",
                                                   "from",
                                                   "host",
                                                   "if-modified-since",
                                                   "if-range",
                                                   "if-unmodified-since",
                                                   "max-forwards",
                                                   "origin",
                                                   "proxy-authorization",
                                                   "range",
                                                   "referer",
                                                   "sec-fetch-dest",
                                                   "sec-fetch-mode",
                                                   "sec-fetch-site",
                                                   "sec-websocket-key",
                                                   "sec-websocket-version",
                                                   "traceparent",
                                                   "transfer-encoding",
                                                   "tus-resumable",
                                                   "upload-checksum",
                                                   "upload-complete",
                                                   "upload-concat",
                                                   "upload-defer-length",
                                                   "upload-length",
                                                   "upload-metadata",
                                                   "upload-offset",
                                                   "x-request-id"};
static_assert(std::is_sorted(kSingle.begin(), kSingle.end()));

Problem malformed(std::string detail) {
  return Problem(ProblemType::malformed_request, std::move(detail));
}

struct KnownMethod {
  std::string_view name;
  Method method;
};
constexpr std::array<KnownMethod, 7> kMethods{{{"GET", Method::get},
                                               {"HEAD", Method::head},
                                               {"POST", Method::post},
                                               {"PUT", Method::put},
                                               {"PATCH", Method::patch},
                                               {"DELETE", Method::del},
                                               {"OPTIONS", Method::options}}};

bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::optional<Problem> read_target(std::string_view target, Head& head) {
  if (target.size() > kMaxTarget) {
    return Problem(ProblemType::uri_too_long);
  }
  if (!target.starts_with('/')) {
    return malformed("the request target must start with '/'");
  }
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (c < 0x21 || c > 0x7e || c == '#') {
      return malformed("the request target has a character that must be percent-encoded");
    }
    if (c == '%') {
      if (i + 2 >= target.size() || !is_hex(target[i + 1]) || !is_hex(target[i + 2])) {
        return malformed("the request target has an incomplete percent-encoding");
      }
      if (target[i + 1] == '0' && target[i + 2] == '0') {
        return malformed("the request target has an encoded NUL");
      }
    }
  }
  const auto question = target.find('?');
  const auto raw_path = target.substr(0, question);
  auto path = percent_decode(raw_path);
  if (!path) {
    return malformed("the path is not decodable");
  }
  for (std::size_t at = 0; at < path->size();) {
    const auto end = std::min(path->find('/', at + 1), path->size());
    const auto segment = std::string_view(*path).substr(at + 1, end - at - 1);
    if (segment == "." || segment == "..") {
      return malformed("the path has a dot segment");
    }
    at = end;
  }
  head.target = target;
  head.path = std::move(*path);
  if (question != std::string_view::npos) {
    head.query = target.substr(question + 1);
  }
  return std::nullopt;
}

std::optional<Problem> read_request_line(std::string_view line, Head& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || first == 0 ||
      line.find(' ', first + 1) != last) {
    return malformed("the request line is not \"method target version\"");
  }
  const auto version = line.substr(last + 1);
  if (version == "HTTP/1.1") {
    head.minor = 1;
  } else if (version == "HTTP/1.0") {
    head.minor = 0;
  } else {
    return malformed("the HTTP version is not 1.1 or 1.0");
  }
  const auto method = line.substr(0, first);
  const auto known = std::find_if(kMethods.begin(), kMethods.end(),
                                  [&](const KnownMethod& m) { return m.name == method; });
  if (known == kMethods.end()) {
    if (std::all_of(method.begin(), method.end(), is_alnum)) {
      return Problem(ProblemType::not_implemented, "this method is not known");
    }
    return malformed("the method is not a token");
  }
  head.method = known->method;
  head.head = known->method == Method::head;
  return read_target(line.substr(first + 1, last - first - 1), head);
}

std::optional<Problem> read_field(std::string_view line, Head& head) {
  if (line.front() == ' ' || line.front() == '\t') {
    return malformed("a header field is folded over two lines");
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return malformed("a header field has no name");
  }
  std::string name(line.substr(0, colon));
  for (auto& c : name) {
    if (!is_alnum(c) && c != '-') {
      return malformed("a header field name has a character that is not allowed");
    }
    c = lower(c);
  }
  const auto value = trim(line.substr(colon + 1));
  for (const char c : value) {
    const auto u = static_cast<unsigned char>(c);
    if ((u < 0x20 && c != '\t') || u == 0x7f) {
      return malformed("a header field has a control character");
    }
  }
  const auto same = std::find_if(head.fields.begin(), head.fields.end(),
                                 [&](const auto& field) { return field.first == name; });
  if (same == head.fields.end()) {
    head.fields.emplace_back(std::move(name), value);
    return std::nullopt;
  }
  if (std::binary_search(kSingle.begin(), kSingle.end(), std::string_view(name))) {
    return malformed("the header field " + name + " is there twice");
  }
  same->second += name == "cookie" ? "; " : ", ";
  same->second += value;
  return std::nullopt;
}

const std::string* find(const Head& head, std::string_view name) noexcept {
  for (const auto& [key, value] : head.fields) {
    if (key == name) {
      return &value;
    }
  }
  return nullptr;
}

std::optional<Problem> read_framing(Head& head) {
  const auto* coding = find(head, "transfer-encoding");
  const auto* length = find(head, "content-length");
  if (coding != nullptr) {
    if (head.minor == 0) {
      return malformed("Transfer-Encoding is not allowed in HTTP/1.0");
    }
    if (length != nullptr) {
      return malformed("Transfer-Encoding and Content-Length exclude each other");
    }
    if (!equal_nocase(*coding, "chunked")) {
      return malformed("the only transfer coding is chunked");
    }
    head.chunked = true;
  }
  if (length != nullptr) {
    std::uint64_t n = 0;
    const auto* end = length->data() + length->size();
    const auto [at, ec] = std::from_chars(length->data(), end, n);
    if (ec != std::errc() || at != end || n > kMaxLength) {
      return malformed("Content-Length is not a number");
    }
    head.length = n;
  }
  return std::nullopt;
}

std::optional<Problem> read_connection(Head& head) {
  const auto* connection = find(head, "connection");
  head.keep_alive = head.minor == 1;
  if (connection != nullptr) {
    if (has_element(*connection, "close")) {
      head.keep_alive = false;
    } else if (head.minor == 0 && has_element(*connection, "keep-alive")) {
      head.keep_alive = true;
    }
  }
  if (const auto* upgrade = find(head, "upgrade")) {
    head.upgrades = head.minor == 1 && connection != nullptr &&
                    has_element(*connection, "upgrade") && has_element(*upgrade, "websocket");
  }
  if (const auto* expect = find(head, "expect")) {
    if (!equal_nocase(*expect, "100-continue")) {
      return malformed("the only expectation is 100-continue");
    }
    // RFC 9110 §10.1.1: to be ignored in HTTP/1.0, and pointless without a body.
    head.expects_continue = head.minor == 1 && head.has_body();
  }
  return std::nullopt;
}

std::optional<Problem> check_whole(Head& head) {
  const auto* host = find(head, "host");
  if (host == nullptr) {
    return malformed("there is no Host");
  }
  if (!net::is_valid_host(*host)) {
    return malformed("Host is not a host name");
  }
  head.host = *host;
  if (head.has_body() && (head.method == Method::get || head.head || head.upgrades)) {
    return malformed("this method takes no body");
  }
  if (head.minor == 0 && head.method != Method::get && !head.head) {
    return malformed("HTTP/1.0 is served for GET and HEAD only");
  }
  if (const auto* coding = find(head, "content-encoding");
      coding != nullptr && !equal_nocase(*coding, "identity")) {
    return Problem(ProblemType::bad_encoding, "request bodies must not be compressed");
  }
  return std::nullopt;
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view buffer) noexcept {
  const auto end = std::min(buffer.size(), kMaxHead);
  while (at_ < end) {
    const auto newline = buffer.substr(0, end).find('\n', at_);
    if (newline == std::string_view::npos) {
      at_ = end;
      break;
    }
    at_ = newline + 1;
    if (newline == line_ || buffer[newline - 1] != '\r') {
      return State::malformed;  // bare LF
    }
    if (newline == line_ + 1) {
      return line_ == 0 ? State::malformed : State::complete;
    }
    line_ = at_;
  }
  return buffer.size() >= kMaxHead ? State::too_large : State::more;
}

Outcome<Head> parse_head(std::string_view block) {
  if (block.size() > kMaxHead) {
    return Problem(ProblemType::headers_too_large);
  }
  if (!block.ends_with("\r\n\r\n")) {
    return malformed("the header does not end with an empty line");
  }
  block.remove_suffix(2);
  Head head;
  std::size_t lines = 0;
  while (!block.empty()) {
    const auto end = block.find("\r\n");
    const auto line = block.substr(0, end);
    block.remove_prefix(end + 2);
    if (line.empty() || line.find_first_of(std::string_view("\r\n\0", 3)) != line.npos) {
      return malformed("a line of the header ends wrongly");
    }
    auto problem = lines == 0 ? read_request_line(line, head) : read_field(line, head);
    if (problem) {
      return std::move(*problem);
    }
    // Lines, not names: a field that is repeated costs as much as another one.
    if (++lines > kMaxFields + 1) {
      return Problem(ProblemType::headers_too_large, "there are too many header fields");
    }
  }
  for (auto* step : {&read_framing, &read_connection, &check_whole}) {
    if (auto problem = step(head)) {
      return std::move(*problem);
    }
  }
  return head;
}

bool host_allowed(std::string_view host, const std::vector<std::string>& allowed) noexcept {
  if (allowed.empty()) {
    return true;
  }
  const auto colon = host.rfind(':');
  const bool port = colon != std::string_view::npos && host.find(']', colon) == host.npos;
  const auto name = port ? host.substr(0, colon) : host;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) {
    return equal_nocase(entry, host) || equal_nocase(entry, name);
  });
}

std::string_view name_of(Method method) noexcept {
  for (const auto& known : kMethods) {
    if (known.method == method) {
      return known.name;
    }
  }
  return "GET";
}

}  // namespace ferry::http
