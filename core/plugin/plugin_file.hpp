#pragma once
#include "plugin/stamp.hpp"

#include <ferry/error.hpp>

#include <filesystem>

namespace ferry {

/// Reads a plugin's file and says whether it may be loaded: who can write to it, whether it is
/// whole, and what it was built with. Nothing of it is run. The error's detail continues a
/// sentence that names the plugin: "is writable by …".
Result<Stamp> inspect_plugin_file(const std::filesystem::path& path);

/// Only the stamp, of any readable file that has one; for listings.
std::optional<Stamp> read_stamp(const std::filesystem::path& path);

}  // namespace ferry
