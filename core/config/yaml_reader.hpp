#pragma once
#include "config/node.hpp"

#include <filesystem>

namespace ferry::config {

/// What was read, and everything wrong with it. With problems the tree is still usable for finding
/// more of them, and for nothing else.
struct Tree {
  Node root;
  std::vector<Problem> problems;
};

/// The part of YAML that has one meaning: one document of at most 1 MiB UTF-8 and 32 levels, unique
/// plain keys; no anchors, aliases, merge keys or tags. `file` is the name used in marks.
Tree read_yaml(std::string_view text, const std::string& file);
Tree read_yaml_file(const std::filesystem::path& path);

}  // namespace ferry::config
