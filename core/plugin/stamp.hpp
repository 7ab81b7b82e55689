#pragma once
// The stamp says what a plugin was built with. It is read from the file, before the file is opened
// as code.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

struct Stamp {
  /// In the order written: spi, name, version, cxx, std, …
  std::vector<std::pair<std::string, std::string>> properties;

  /// Empty when there is no such property.
  std::string_view get(std::string_view key) const noexcept;
};

/// "key=value;key=value"; nothing when malformed.
std::optional<Stamp> parse_stamp(std::string_view text);

/// Looks for the marker and the text behind it, anywhere in the bytes of a file.
std::optional<Stamp> find_stamp(std::string_view file);

/// What this server was built with; it has no name and version.
const Stamp& own_stamp();

/// Every reason why a plugin with this stamp cannot run in this server, in words.
std::vector<std::string> mismatches(const Stamp& plugin, const Stamp& server);

}  // namespace ferry
