#pragma once
// The composition root: builds the node that a configuration describes and runs it.
#include "cli/configuration.hpp"

#include <functional>
#include <memory>

namespace ferry::cli {

class Node {
 public:
  /// `log` and the document behind `configuration` outlive the node.
  Node(Configuration configuration, Log& log);
  ~Node();

  /// Starts, prints where it is ready, serves until it was drained. `reload` is called on SIGHUP
  /// and answers the new log level, or nothing to leave everything as it is. Returns the exit code.
  int run(std::function<std::optional<LogLevel>()> reload);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ferry::cli
