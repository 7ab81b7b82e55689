// Stamps and ELF headers come from files that are not trusted yet.
#include "plugin/elf.hpp"
#include "plugin/stamp.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  if (const auto problem = ferry::elf_problem(file); problem && problem->empty()) {
    std::abort();
  }
  if (const auto stamp = ferry::find_stamp(file)) {
    for (const std::string& text : ferry::mismatches(*stamp, ferry::own_stamp())) {
      if (text.empty()) {
        std::abort();
      }
    }
  }
  return 0;
}
