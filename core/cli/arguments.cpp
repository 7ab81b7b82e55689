#include "cli/arguments.hpp"

#include "base/nearest.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace ferry::cli {
namespace {

constexpr std::array<std::pair<std::string_view, Command>, 4> kCommands{{
    {"serve", Command::serve},
    {"check", Command::check},
    {"schema", Command::schema},
    {"plugins", Command::plugins},
}};

UsageError unknown(std::string_view what, std::string_view given,
                   const std::vector<std::string>& known) {
  std::string text = "unknown " + std::string(what) + " '" + std::string(given) + "'";
  if (const auto near = nearest(given, known); !near.empty()) {
    text += "; did you mean '" + near + "'?";
  }
  return {text + " (see ferry --help)"};
}

}  // namespace

void throw_exception_from_error(const UsageError& e, const boost::source_location&) {
  throw std::invalid_argument(e.text);
}

boost::system::result<Arguments, UsageError> parse_arguments(const std::vector<std::string>& args) {
  Arguments out;
  if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    return out;
  }
  if (args[0] == "--version" || args[0] == "version") {
    out.command = Command::version;
    return out;
  }
  bool found = false;
  std::vector<std::string> names;
  for (const auto& [name, command] : kCommands) {
    names.emplace_back(name);
    if (args[0] == name) {
      out.command = command;
      found = true;
    }
  }
  if (!found) {
    return unknown("command", args[0], names);
  }
  for (std::size_t i = 1; i < args.size(); ++i) {
    std::string name = args[i];
    if (name == "--help" || name == "-h") {
      return Arguments{};
    }
    std::string value;
    if (const auto eq = name.find('='); eq != std::string::npos) {
      value = name.substr(eq + 1);
      name.resize(eq);
    } else if (i + 1 < args.size()) {
      value = args[++i];
    }
    if (name != "--config" && name != "--format") {
      return unknown("option", name, {"--config", "--format"});
    }
    if (value.empty()) {
      return UsageError{name + " needs a value"};
    }
    if (name == "--config") {
      out.config = value;
    } else if (value == "yaml" || value == "markdown") {
      out.format = value;
    } else {
      return UsageError{"--format is yaml or markdown, not '" + value + "'"};
    }
  }
  return out;
}

std::string_view help_text() noexcept {
  return R"(ferry: self-hosted file sharing, live and stored

usage: ferry COMMAND [--config FILE]

  serve     serve until SIGTERM; SIGHUP reloads what is marked reloadable
  check     find every mistake in the configuration, start nothing
  schema    print every key that the configuration may have (--format yaml|markdown)
  plugins   list the plugins that can be named, with their stamps
  --version

--config FILE   default config/single.yaml
exit codes: 0 ok, 64 usage, 69 a backend or an address is not available, 70 internal, 78 configuration
)";
}

}  // namespace ferry::cli
