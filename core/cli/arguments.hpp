#pragma once
// The command line, parsed without side effects.
#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::cli {

enum class Command { help, version, serve, check, schema, plugins };

struct Arguments {
  Command command = Command::help;
  std::string config = "config/single.yaml";  ///< --config
  std::string format = "yaml";                ///< --format of schema: yaml | markdown
};

/// Exit codes, as in sysexits.h.
enum Exit : int { kOk = 0, kUsage = 64, kUnavailable = 69, kInternal = 70, kConfig = 78 };

/// What is wrong with the command line, for stderr.
struct UsageError {
  std::string text;
};
[[noreturn]] void throw_exception_from_error(const UsageError& e, const boost::source_location&);

boost::system::result<Arguments, UsageError> parse_arguments(const std::vector<std::string>& args);

/// The text of `ferry --help`.
std::string_view help_text() noexcept;

}  // namespace ferry::cli
