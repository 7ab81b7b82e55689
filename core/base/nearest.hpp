#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ferry {

/// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// What a misspelt `name` was probably meant to be, else empty. Case and '-' for '_' count nothing;
/// of equally near names the first wins.
std::string nearest(std::string_view name, const std::vector<std::string>& known);

}  // namespace ferry
