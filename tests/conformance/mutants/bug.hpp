#pragma once
#include <ferry/config.hpp>

namespace ferry::mutants {

/// The schema of a right plugin and the name of what shall be wrong with it.
inline config::Schema with_bug(config::Schema schema) {
  schema.fields.push_back(
      config::Field("bug", config::Type::string, "What is wrong; other kinds ignore it.")
          .required_());
  return schema;
}

}  // namespace ferry::mutants
