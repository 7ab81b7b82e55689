#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace ferry {

/// Why dlopen(3) must not be tried on a file with these bytes, else nothing. The dynamic linker
/// trusts what it maps: a truncated file ends the process with SIGBUS.
std::optional<std::string> elf_problem(std::string_view file);

}  // namespace ferry
