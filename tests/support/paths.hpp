#pragma once
// Where things are on this machine. Functions and not macros, so that the tests compile to the same
// objects in every checkout and a compiler cache serves all of them.
#include <string>

namespace ferry::test {

std::string source_dir();       ///< the root of the repository
std::string plugin_dir();       ///< our plugins as they were built
std::string test_plugin_dir();  ///< tests/plugins as they were built

}  // namespace ferry::test
