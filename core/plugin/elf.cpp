#include "plugin/elf.hpp"

#include <cstdint>
#include <cstring>
#include <elf.h>

namespace ferry {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
constexpr std::string_view kMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
constexpr std::string_view kMachineName = "aarch64";
#else
#error "Ferry runs on x86-64 and aarch64"
#endif

constexpr std::string_view kTruncated =
    "it is damaged or cut off: its headers point beyond the end of the file";

// The bytes may be at any alignment, so structs are copied out.
template <class T>
T read(std::string_view file, std::uint64_t offset) {
  T out;
  std::memcpy(&out, file.data() + offset, sizeof out);
  return out;
}

bool inside(std::string_view file, std::uint64_t offset, std::uint64_t size) {
  return offset <= file.size() && size <= file.size() - offset;
}

std::optional<std::string> header_problem(const Elf64_Ehdr& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return "it is not a shared object (no ELF file)";
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != kMachine) {
    return "it was built for another machine than " + std::string(kMachineName);
  }
  if (header.e_type != ET_DYN) {
    return "it is not a shared object";
  }
  return std::nullopt;
}

bool programs_fit(std::string_view file, const Elf64_Ehdr& header) {
  if (header.e_phnum == 0 || header.e_phentsize != sizeof(Elf64_Phdr) ||
      !inside(file, header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr))) {
    return false;
  }
  bool has_dynamic = false;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto program = read<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    has_dynamic = has_dynamic || program.p_type == PT_DYNAMIC;
    const bool grows = program.p_type != PT_LOAD || program.p_filesz <= program.p_memsz;
    if (!inside(file, program.p_offset, program.p_filesz) || !grows) {
      return false;
    }
  }
  return has_dynamic;
}

bool sections_fit(std::string_view file, const Elf64_Ehdr& header) {
  if (header.e_shoff == 0) {
    return true;  // stripped of its section headers; nothing at run time needs them
  }
  if (header.e_shnum == 0 || header.e_shentsize != sizeof(Elf64_Shdr) ||
      !inside(file, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr))) {
    return false;
  }
  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto section = read<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr));
    if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL &&
        !inside(file, section.sh_offset, section.sh_size)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<std::string> elf_problem(std::string_view file) {
  if (file.empty()) {
    return "it is empty";
  }
  if (file.size() < sizeof(Elf64_Ehdr)) {
    return "it is not a shared object (too short)";
  }
  const auto header = read<Elf64_Ehdr>(file, 0);
  if (auto problem = header_problem(header)) {
    return problem;
  }
  if (!programs_fit(file, header) || !sections_fit(file, header)) {
    return std::string(kTruncated);
  }
  return std::nullopt;
}

}  // namespace ferry
