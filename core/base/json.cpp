#include "base/json.hpp"

#include "base/encoding.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

namespace ferry::json {
namespace {

using boost::json::error_code;
using boost::json::string_view;

// Events of the parser → value, with the two checks that Boost.JSON does not make.
class Handler {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  explicit Handler(std::size_t max_keys) : max_keys_(max_keys) {}

  bool on_document_begin(error_code&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    open_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t n, error_code&) {
    open_.pop_back();
    stack_.push_object(n);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t n, error_code&) {
    stack_.push_array(n);
    return true;
  }
  bool on_key_part(string_view s, std::size_t, error_code&) {
    key_.append(s.data(), s.size());
    stack_.push_chars(s);
    return true;
  }
  bool on_key(string_view s, std::size_t, error_code& ec) {
    key_.append(s.data(), s.size());
    stack_.push_key(s);
    if (++keys_ > max_keys_) {
      return refuse(ec, "there are more than " + std::to_string(max_keys_) + " keys");
    }
    if (!open_.back().insert(key_).second) {
      return refuse(
          ec, key_.size() <= 64 ? "the key \"" + key_ + "\" appears twice" : "a key appears twice");
    }
    key_.clear();
    return true;
  }
  bool on_string_part(string_view s, std::size_t, error_code&) {
    stack_.push_chars(s);
    return true;
  }
  bool on_string(string_view s, std::size_t, error_code&) {
    stack_.push_string(s);
    return true;
  }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t i, string_view, error_code&) {
    stack_.push_int64(i);
    return true;
  }
  bool on_uint64(std::uint64_t u, string_view, error_code&) {
    stack_.push_uint64(u);
    return true;
  }
  bool on_double(double d, string_view text, error_code& ec) {
    // Boost.JSON 1.81 is off by a bit in long numbers, from_chars is not. Text that came in parts
    // is not whole here.
    double exact = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
    if (error == std::errc() && end == text.data() + text.size()) {
      d = exact;
    }
    if (!std::isfinite(d)) {
      return refuse(ec, "a number is too large");
    }
    stack_.push_double(d);
    return true;
  }
  bool on_bool(bool b, error_code&) {
    stack_.push_bool(b);
    return true;
  }
  bool on_null(error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  value release() { return stack_.release(); }
  const std::string& refusal() const { return refusal_; }

 private:
  bool refuse(error_code& ec, std::string why) {
    refusal_ = std::move(why);
    ec = boost::json::error::exception;
    return false;
  }

  boost::json::value_stack stack_;
  std::vector<std::set<std::string>> open_;  // keys of each object that is not closed yet
  std::string key_;
  std::string refusal_;
  std::size_t keys_ = 0;
  std::size_t max_keys_;
};

using Parser = boost::json::basic_parser<Handler>;

boost::json::parse_options options(Limits limits) {
  boost::json::parse_options o;
  o.max_depth = limits.depth;
  return o;
}

// The parser does not say where it failed, so a failed text is read again byte by byte.
std::size_t failing_byte(std::string_view text, Limits limits) {
  Parser parser(options(limits), limits.keys);
  error_code ec;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (parser.write_some(true, text.data() + i, 1, ec) == 0 || ec) {
      return i;
    }
  }
  return text.size();
}

std::string explain(const error_code& ec, Limits limits) {
  using boost::json::error;
  if (ec == error::too_deep) {
    return "it nests more than " + std::to_string(limits.depth) + " levels deep";
  }
  if (ec == error::extra_data) {
    return "something follows the value";
  }
  if (ec == error::incomplete) {
    return "it ends too early";
  }
  if (ec == error::exponent_overflow) {
    return "a number is too large";
  }
  if (ec == error::illegal_leading_surrogate || ec == error::illegal_trailing_surrogate ||
      ec == error::expected_hex_digit || ec == error::expected_utf16_escape) {
    return "a \\u escape is malformed";
  }
  return "unexpected character";
}

Problem refusal(std::size_t at, const std::string& why) {
  return {ProblemType::invalid_request,
          "not acceptable JSON: " + why + " (byte " + std::to_string(at + 1) + ")"};
}

}  // namespace

Outcome<value> parse(std::string_view text, Limits limits) {
  if (!is_utf8(text)) {
    return Problem(ProblemType::invalid_request, "not acceptable JSON: the text is not UTF-8");
  }
  Parser parser(options(limits), limits.keys);
  error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && used < text.size()) {
    return refusal(used, explain(boost::json::error::extra_data, limits));
  }
  if (ec) {
    const std::string& own = parser.handler().refusal();
    return refusal(failing_byte(text, limits), own.empty() ? explain(ec, limits) : own);
  }
  return parser.handler().release();
}

Outcome<object> parse_object(std::string_view text, Limits limits) {
  if (text.empty()) {
    return object();
  }
  Outcome<value> parsed = parse(text, limits);
  if (!parsed) {
    return parsed.error();
  }
  if (!parsed->is_object()) {
    return Problem(ProblemType::invalid_request, "a JSON object was expected");
  }
  return std::move(parsed->get_object());
}

std::string serialize(const value& v) {
  return boost::json::serialize(v);
}

std::optional<std::string> string_member(const object& o, std::string_view key) {
  const value* const found = o.if_contains(key);
  if (found == nullptr || !found->is_string()) {
    return std::nullopt;
  }
  const auto& text = found->get_string();
  return std::string(text.data(), text.size());
}

std::optional<std::int64_t> integer_member(const object& o, std::string_view key) {
  // Boost.JSON makes uint64 only of what does not fit into int64.
  const value* const found = o.if_contains(key);
  if (found == nullptr || !found->is_int64()) {
    return std::nullopt;
  }
  return found->get_int64();
}

std::optional<bool> bool_member(const object& o, std::string_view key) {
  const value* const found = o.if_contains(key);
  if (found == nullptr || !found->is_bool()) {
    return std::nullopt;
  }
  return found->get_bool();
}

}  // namespace ferry::json
