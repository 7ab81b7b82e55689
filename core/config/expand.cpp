#include "config/expand.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ferry::config {
namespace {

constexpr std::size_t kMaxFile = 64 * 1024;

std::optional<std::string> from_environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

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

std::optional<std::string> from_file(const std::string& path, std::string& why) {
  // Non-blocking, so that a FIFO named by mistake does not hang the start.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    why = std::strerror(errno);
    return std::nullopt;
  }
  if (!S_ISREG(status.st_mode)) {
    why = "not a regular file";
    return std::nullopt;
  }
  std::string text(kMaxFile + 1, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      why = std::strerror(errno);
      return std::nullopt;
    }
    if (got == 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  if (filled > kMaxFile) {
    why = "larger than 64 KiB";
    return std::nullopt;
  }
  text.resize(filled);
  return text;
}

bool is_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

// Position of the brace that closes the one before `from`.
std::size_t closing_brace(std::string_view text, std::size_t from) {
  std::size_t depth = 1;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

class Expander {
 public:
  Expander(const Sources& sources, std::vector<Problem>& problems, std::set<std::string>& names)
      : sources_(sources), problems_(problems), names_(names) {}

  void walk(Node& node, const std::string& path) {
    if (node.kind == Node::Kind::scalar) {
      expand_scalar(node, path);
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      walk(node.items[i], path + "[" + std::to_string(i) + "]");
    }
    for (Entry& entry : node.entries) {
      walk(entry.value, path.empty() ? entry.key : path + "." + entry.key);
    }
  }

 private:
  void expand_scalar(Node& node, const std::string& path) {
    if (node.broken || node.text.find("${") == std::string::npos) {
      return;
    }
    const std::string_view text = node.text;
    std::string out;
    bool replaced = false;
    for (std::size_t i = 0; i < text.size();) {
      if (text.substr(i, 3) == "$${") {
        out += "${";
        i += 3;
      } else if (text.substr(i, 2) == "${") {
        const std::size_t end = closing_brace(text, i + 2);
        if (end == std::string_view::npos) {
          refuse(node, path, "'${' without its '}'; for the characters themselves write $${");
          return;
        }
        const auto value = evaluate(node, path, text.substr(i + 2, end - i - 2));
        if (!value) {
          return;
        }
        out += *value;
        replaced = true;
        i = end + 1;
      } else {
        out += text[i++];
      }
    }
    node.text = std::move(out);
    node.unset = replaced && node.text.empty() && !node.quoted;
  }

  std::optional<std::string> evaluate(Node& node, const std::string& path,
                                      std::string_view expression) {
    if (expression.starts_with("env:")) {
      return variable(node, path, expression.substr(4));
    }
    if (expression.starts_with("file:")) {
      return file(node, path, std::string(expression.substr(5)));
    }
    refuse(node, path,
           "unknown expression in '${…}': write ${env:NAME}, ${env:NAME:-default} or "
           "${file:/path}; for the characters themselves write $${");
    return std::nullopt;
  }

  std::optional<std::string> variable(Node& node, const std::string& path,
                                      std::string_view expression) {
    const std::size_t separator = expression.find(":-");
    const std::string name(expression.substr(0, separator));
    if (!is_name(name)) {
      refuse(node, path, "'${env:…}' needs the name of an environment variable");
      return std::nullopt;
    }
    names_.insert(name);
    std::optional<std::string> value = sources_.environment(name);
    if (value && !is_utf8(*value)) {
      refuse(node, path, "the environment variable " + name + " is not UTF-8 text");
      return std::nullopt;
    }
    if (separator == std::string_view::npos) {
      if (!value) {
        refuse(node, path,
               "the environment variable " + name +
                   " is not set; set it, or give a default: ${env:" + name + ":-value}");
      }
      return value;
    }
    const std::string_view fallback = expression.substr(separator + 2);
    if (fallback.find("${") != std::string_view::npos) {
      refuse(node, path, "the default of ${env:" + name + ":-…} cannot hold another expression");
      return std::nullopt;
    }
    return value && !value->empty() ? value : std::string(fallback);
  }

  std::optional<std::string> file(Node& node, const std::string& path, const std::string& name) {
    if (!name.starts_with('/')) {
      refuse(node, path, "'${file:…}' needs an absolute path");
      return std::nullopt;
    }
    std::string why;
    std::optional<std::string> text = sources_.file(name, why);
    if (!text) {
      refuse(node, path, "cannot read the file " + name + ": " + why);
      return std::nullopt;
    }
    if (!is_utf8(*text)) {
      refuse(node, path, "the file " + name + " is not UTF-8 text");
      return std::nullopt;
    }
    node.hidden = true;
    if (text->ends_with('\n')) {
      text->pop_back();
      if (text->ends_with('\r')) {
        text->pop_back();
      }
    }
    return text;
  }

  void refuse(Node& node, const std::string& path, std::string text) {
    node.broken = true;
    problems_.emplace_back(node.where, path, std::move(text));
  }

  const Sources& sources_;
  std::vector<Problem>& problems_;
  std::set<std::string>& names_;
};

}  // namespace

Sources Sources::of_process() {
  return {from_environment, from_file};
}

void expand(Node& node, const Sources& sources, std::vector<Problem>& problems,
            std::set<std::string>& names) {
  Expander(sources, problems, names).walk(node, "");
}

}  // namespace ferry::config
