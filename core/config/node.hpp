#pragma once
#include <ferry/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace ferry::config {

struct Entry;

/// A YAML value as it was written: nothing is typed yet.
struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  Mark where;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< of a scalar
  bool hidden = false;  ///< holds the contents of a file: never printed
  bool unset = false;   ///< an expansion that came out empty: as if the key were not there
  bool broken = false;  ///< already reported; nothing more is said about it
  std::vector<Node> items;
  std::vector<Entry> entries;  ///< in the order of the file, keys unique

  const Entry* find(std::string_view key) const noexcept;
};

struct Entry {
  std::string key;
  Mark where;  ///< of the key
  Node value;
};

inline const Entry* Node::find(std::string_view key) const noexcept {
  for (const Entry& entry : entries) {
    if (entry.key == key) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace ferry::config
