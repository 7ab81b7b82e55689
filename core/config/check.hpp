#pragma once
#include "config/section.hpp"

namespace ferry::config {

/// Reads `node` by `schema` and adds everything that is wrong to `problems`. Always gives a section
/// in which every declared field has a value or reads as empty; without new problems it is what the
/// file says. `path` stands before the keys in messages; empty for the root.
std::unique_ptr<Section> check(const Node& node, const Schema& schema, const std::string& path,
                               std::vector<Problem>& problems);

/// By file, line and column.
void sort(std::vector<Problem>& problems);

/// "ferry.yaml:3:5: storage.options.path: text"; what is unknown is left out.
std::string to_string(const Problem& problem);

}  // namespace ferry::config
