#pragma once
// Schemas as documentation.
#include <ferry/config.hpp>

namespace ferry::config {

/// A YAML text with every field, its meaning and its default; what has neither default nor example
/// is commented out. Reading it back gives the defaults. `indent`: levels of two spaces.
std::string reference_yaml(const Schema& schema, int indent = 0);

/// A table of all fields; nested ones are written as paths under `prefix`.
std::string reference_markdown(const Schema& schema, const std::string& prefix = "");

}  // namespace ferry::config
