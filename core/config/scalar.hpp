#pragma once
// Strict readings of a scalar's text, and the words for them.
#include <ferry/config.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferry::config {

std::optional<bool> parse_boolean(std::string_view text);          ///< true | false
std::optional<std::int64_t> parse_integer(std::string_view text);  ///< [+-]?(0|[1-9][0-9]*)
std::optional<double> parse_number(std::string_view text);         ///< decimal, finite

std::string_view name_of(Type type) noexcept;       ///< "duration"
std::string_view describe(Type type) noexcept;      ///< "a duration such as 30s"
std::string format_bound(Type type, double value);  ///< a bound in the unit of its field: "10MiB"

}  // namespace ferry::config
