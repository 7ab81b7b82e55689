#include "config/scalar.hpp"

#include "base/units.hpp"

#include <charconv>
#include <cmath>

namespace ferry::config {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Length of (0|[1-9][0-9]*) at the start of `text`; 0 if there is none.
std::size_t whole_part(std::string_view text) {
  if (text.starts_with('0')) {
    return 1;
  }
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) {
    ++n;
  }
  return n;
}

std::size_t digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) {
    ++n;
  }
  return n;
}

// What from_chars takes: it knows no plus sign.
std::string_view without_plus(std::string_view text) {
  return text.starts_with('+') ? text.substr(1) : text;
}

std::string_view without_sign(std::string_view text) {
  return text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
}

template <class Number>
std::optional<Number> convert(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true") {
    return true;
  }
  if (text == "false") {
    return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const std::string_view body = without_sign(text);
  if (body.empty() || whole_part(body) != body.size()) {
    return std::nullopt;
  }
  return convert<std::int64_t>(without_plus(text));
}

std::optional<double> parse_number(std::string_view text) {
  std::string_view rest = without_sign(text);
  const std::size_t whole = whole_part(rest);
  if (whole == 0) {
    return std::nullopt;
  }
  rest.remove_prefix(whole);
  if (rest.starts_with('.')) {
    const std::size_t fraction = digits(rest.substr(1));
    if (fraction == 0) {
      return std::nullopt;
    }
    rest.remove_prefix(1 + fraction);
  }
  if (rest.starts_with('e') || rest.starts_with('E')) {
    const std::string_view exponent = without_sign(rest.substr(1));
    if (exponent.empty() || digits(exponent) != exponent.size()) {
      return std::nullopt;
    }
    rest = {};
  }
  if (!rest.empty()) {
    return std::nullopt;
  }
  const auto value = convert<double>(without_plus(text));
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::string_view name_of(Type type) noexcept {
  switch (type) {
    case Type::boolean: return "true or false";
    case Type::integer: return "integer";
    case Type::number: return "number";
    case Type::string: return "text";
    case Type::duration: return "duration";
    case Type::size: return "size";
    case Type::secret: return "secret";
    case Type::path: return "path";
    case Type::list: return "list";
    case Type::object: return "mapping";
  }
  return "unknown";
}

std::string_view describe(Type type) noexcept {
  switch (type) {
    case Type::boolean: return "true or false";
    case Type::integer: return "a whole number";
    case Type::number: return "a number";
    case Type::string: return "text";
    case Type::duration: return "a duration such as 30s";
    case Type::size: return "a size such as 10MiB";
    case Type::secret: return "a secret text";
    case Type::path: return "a path";
    case Type::list: return "a list";
    case Type::object: return "a mapping of keys";
  }
  return "something else";
}

std::string format_bound(Type type, double value) {
  // Conversions of doubles beyond the target's range are undefined, so they are clamped first.
  const double bounded = std::fmin(std::fmax(value, -9e18), 9e18);
  if (type == Type::duration) {
    return format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(bounded)));
  }
  if (type == Type::size) {
    return format_size(static_cast<std::uint64_t>(std::fmax(bounded, 0)));
  }
  if (bounded == std::floor(bounded)) {
    return std::to_string(static_cast<std::int64_t>(bounded));
  }
  std::string out(32, '\0');
  const auto [end, error] = std::to_chars(out.data(), out.data() + out.size(), bounded);
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

}  // namespace ferry::config
