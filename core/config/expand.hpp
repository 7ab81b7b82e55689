#pragma once
#include "config/node.hpp"

#include <functional>
#include <optional>
#include <set>

namespace ferry::config {

/// Where expansions take their values from.
struct Sources {
  /// Nothing when the variable is not set.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  /// Contents of a file; on failure nothing, and `why` says why.
  std::function<std::optional<std::string>(const std::string& path, std::string& why)> file;

  /// getenv(3), and regular files of at most 64 KiB.
  static Sources of_process();
};

/// Replaces, in every scalar of the tree:
///   ${env:NAME}            must be set
///   ${env:NAME:-default}   when unset or empty; the default may hold balanced braces
///   ${file:/path}          contents without the last newline; hidden from messages
///   $${                    the characters "${"
/// Quoted text stays text; an unquoted scalar is typed by what comes out, and counts as not written
/// when that is empty. `names`: the variables that were asked for.
void expand(Node& node, const Sources& sources, std::vector<Problem>& problems,
            std::set<std::string>& names);

}  // namespace ferry::config
