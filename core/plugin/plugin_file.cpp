#include "plugin/plugin_file.hpp"

#include "plugin/elf.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ferry {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error system_failure(const std::string& what) {
  const int code = errno;
  return {code == ENOENT ? Errc::not_found : Errc::permission_denied,
          what + ": " + std::strerror(code)};
}

// Whoever can write to a plugin runs code as the server.
std::optional<std::string> ownership_problem(const struct stat& status, bool is_folder) {
  const std::string subject = is_folder ? "lies in a folder that " : "";
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return subject + "belongs to another user (uid " + std::to_string(status.st_uid) +
           "); it must belong to root or to the user that runs the server";
  }
  const bool sticky = is_folder && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky) {
    return subject + "is writable by other users; take that away (chmod go-w)";
  }
  return std::nullopt;
}

Result<std::string> read_all(int fd, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(fd, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return system_failure("cannot be read");
    }
    if (got == 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

struct Opened {
  std::string bytes;
  struct stat status{};
};

Result<Opened> open_file(const std::filesystem::path& path) {
  // Non-blocking, so that a FIFO in the plugin folder cannot hang the start.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  Opened out;
  if (file.get() < 0 || ::fstat(file.get(), &out.status) != 0) {
    return system_failure("cannot be opened");
  }
  if (!S_ISREG(out.status.st_mode)) {
    return Error(Errc::invalid_argument, "is not a regular file");
  }
  if (static_cast<std::uint64_t>(out.status.st_size) > kMaxBytes) {
    return Error(Errc::too_large, "is larger than 1 GiB");
  }
  auto bytes = read_all(file.get(), static_cast<std::size_t>(out.status.st_size));
  if (!bytes) {
    return bytes.error();
  }
  out.bytes = std::move(*bytes);
  return out;
}

}  // namespace

Result<Stamp> inspect_plugin_file(const std::filesystem::path& path) {
  const auto opened = open_file(path);
  if (!opened) {
    return opened.error();
  }
  if (auto problem = ownership_problem(opened->status, false)) {
    return Error(Errc::permission_denied, std::move(*problem));
  }
  struct stat folder{};
  if (::stat(path.parent_path().c_str(), &folder) != 0) {
    return system_failure("lies in a folder that cannot be examined");
  }
  if (auto problem = ownership_problem(folder, true)) {
    return Error(Errc::permission_denied, std::move(*problem));
  }
  if (auto problem = elf_problem(opened->bytes)) {
    return Error(Errc::corrupt, "cannot be loaded: " + *problem);
  }
  auto stamp = find_stamp(opened->bytes);
  if (!stamp) {
    return Error(
        Errc::invalid_argument,
        "is not a plugin of Ferry: it has no stamp (see FERRY_PLUGIN in ferry/plugin.hpp)");
  }
  const std::vector<std::string> reasons = mismatches(*stamp, own_stamp());
  if (!reasons.empty()) {
    std::string text = "does not fit this server: ";
    for (const std::string& reason : reasons) {
      text += reason + "; ";
    }
    return Error(Errc::not_supported, text + "rebuild it against this version's headers");
  }
  return std::move(*stamp);
}

std::optional<Stamp> read_stamp(const std::filesystem::path& path) {
  const auto opened = open_file(path);
  return opened ? find_stamp(opened->bytes) : std::nullopt;
}

}  // namespace ferry
