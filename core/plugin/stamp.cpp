#include "plugin/stamp.hpp"

#include <ferry/abi.hpp>

#include <algorithm>
#include <charconv>

namespace ferry {
namespace {

constexpr std::size_t kLongest = 1024;

// Put together at run time, so that the server's own files do not contain it.
std::string marker() {
  const volatile char dash = '-';
  std::string text = "@(#)FERRY";
  text += dash;
  return text + "PLUGIN ";
}

struct SpiVersion {
  unsigned major = 0;
  unsigned minor = 0;
};

std::optional<SpiVersion> parse_spi(std::string_view text) {
  SpiVersion out;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, out.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') {
    return std::nullopt;
  }
  const auto minor = std::from_chars(major.ptr + 1, end, out.minor);
  if (minor.ec != std::errc() || minor.ptr != end) {
    return std::nullopt;
  }
  return out;
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

// A plugin runs in a server of the same major version and the same or a later minor one.
std::optional<std::string> spi_mismatch(std::string_view plugin, std::string_view server) {
  const auto theirs = parse_spi(plugin);
  const auto ours = parse_spi(server);
  if (!theirs || !ours) {
    return "spi: the plugin says " + quoted(plugin) + ", which is no version";
  }
  if (theirs->major == ours->major && theirs->minor <= ours->minor) {
    return std::nullopt;
  }
  return "spi: the plugin was built for plugin interface " + std::string(plugin) +
         ", this server has " + std::string(server);
}

}  // namespace

std::string_view Stamp::get(std::string_view key) const noexcept {
  for (const auto& [name, value] : properties) {
    if (name == key) {
      return value;
    }
  }
  return {};
}

std::optional<Stamp> parse_stamp(std::string_view text) {
  if (text.empty() || text.size() > kLongest ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    return std::nullopt;
  }
  Stamp stamp;
  while (!text.empty()) {
    const std::string_view property = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), property.size() + 1));
    const std::size_t equals = property.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return std::nullopt;
    }
    stamp.properties.emplace_back(property.substr(0, equals), property.substr(equals + 1));
  }
  return stamp;
}

std::optional<Stamp> find_stamp(std::string_view file) {
  const std::string wanted = marker();
  for (std::size_t at = file.find(wanted); at != std::string_view::npos;
       at = file.find(wanted, at + 1)) {
    const std::string_view rest = file.substr(at + wanted.size(), kLongest + 1);
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) {
      continue;
    }
    if (auto stamp = parse_stamp(rest.substr(0, end)); stamp && !stamp->get("name").empty()) {
      return stamp;
    }
  }
  return std::nullopt;
}

const Stamp& own_stamp() {
  static const Stamp stamp = parse_stamp("spi=" FERRY_STR(FERRY_SPI_MAJOR) "." FERRY_STR(
                                             FERRY_SPI_MINOR) ";" FERRY_ABI_STRING)
                                 .value();
  return stamp;
}

std::vector<std::string> mismatches(const Stamp& plugin, const Stamp& server) {
  std::vector<std::string> out;
  for (const auto& [key, ours] : server.properties) {
    const std::string_view theirs = plugin.get(key);
    if (key == "spi") {
      if (auto text = spi_mismatch(theirs, ours)) {
        out.push_back(std::move(*text));
      }
    } else if (theirs.empty()) {
      out.push_back(key + ": the plugin does not say, this server was built with " + quoted(ours));
    } else if (theirs != ours) {
      out.push_back(key + ": the plugin was built with " + quoted(theirs) + ", this server with " +
                    quoted(ours));
    }
  }
  for (const auto& [key, theirs] : plugin.properties) {
    if (key != "name" && key != "version" && server.get(key).empty()) {
      out.push_back(key + ": the plugin was built with " + quoted(theirs) +
                    ", this server does not know that property");
    }
  }
  return out;
}

}  // namespace ferry
