#include "http/message.hpp"

#include <algorithm>

namespace ferry::http {
namespace {

bool equal_nocase(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

const std::string* find(const std::vector<std::pair<std::string, std::string>>& list,
                        std::string_view name) noexcept {
  for (const auto& [key, value] : list) {
    if (equal_nocase(key, name)) {
      return &value;
    }
  }
  return nullptr;
}

}  // namespace

Body::~Body() = default;

Awaitable<Result<std::string>> Body::read_all(std::size_t limit) {
  std::string out;
  if (const auto announced = length()) {
    if (*announced > limit) {
      co_return Error(Errc::too_large, "the body is larger than " + std::to_string(limit));
    }
    out.reserve(static_cast<std::size_t>(*announced));
  }
  for (;;) {
    auto piece = co_await read();
    if (!piece) {
      co_return piece.error();
    }
    if (piece->empty()) {
      co_return out;
    }
    if (piece->size() > limit - out.size()) {
      co_return Error(Errc::too_large, "the body is larger than " + std::to_string(limit));
    }
    out += as_text(*piece);
  }
}

std::string_view Request::header(std::string_view name) const {
  const auto* value = find(headers, name);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

bool Request::has(std::string_view name) const {
  return find(headers, name) != nullptr;
}

std::string_view Request::param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) {
      return value;
    }
  }
  return {};
}

std::string_view Request::bearer() const {
  const auto value = header("authorization");
  constexpr std::size_t kScheme = 7;
  if (value.size() <= kScheme || !equal_nocase(value.substr(0, kScheme), "bearer ")) {
    return {};
  }
  const auto start = value.find_first_not_of(' ', kScheme);
  return start == std::string_view::npos ? std::string_view() : value.substr(start);
}

Response& Response::set(std::string name, std::string value) {
  for (auto& [key, old] : headers) {
    if (equal_nocase(key, name)) {
      old = std::move(value);
      return *this;
    }
  }
  headers.emplace_back(std::move(name), std::move(value));
  return *this;
}

Response Response::json(unsigned status, std::string text) {
  Response r(status);
  r.set("Content-Type", "application/json");
  r.set("Cache-Control", "no-store");
  r.body = std::move(text);
  return r;
}

Response Response::text(unsigned status, std::string text) {
  Response r(status);
  r.set("Content-Type", "text/plain; charset=utf-8");
  r.body = std::move(text);
  return r;
}

}  // namespace ferry::http
