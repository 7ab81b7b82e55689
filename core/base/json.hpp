#pragma once
// Strict JSON (RFC 8259) on Boost.JSON: UTF-8, no duplicate keys, bounded depth and number of keys.
#include "base/problem.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferry::json {

using boost::json::array;
using boost::json::object;
using boost::json::value;

struct Limits {
  std::size_t depth = 8;
  std::size_t keys = 256;  ///< of all objects together
};

/// invalid_request with a detail that says what is wrong and where.
Outcome<value> parse(std::string_view text, Limits limits = {});
/// As parse(), and the value must be an object. Empty text reads as {}.
Outcome<object> parse_object(std::string_view text, Limits limits = {});
std::string serialize(const value& v);

// Typed members: nothing when absent or of another type.
std::optional<std::string> string_member(const object& o, std::string_view key);
std::optional<std::int64_t> integer_member(const object& o, std::string_view key);  ///< in int64
std::optional<bool> bool_member(const object& o, std::string_view key);

}  // namespace ferry::json
