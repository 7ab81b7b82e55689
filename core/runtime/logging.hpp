#pragma once
#include <ferry/config.hpp>
#include <ferry/log.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

enum class LogFormat : std::uint8_t { console, json };

struct LogSettings {
  LogSettings() = default;
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::console;
  std::string node;  ///< written with every JSON record when not empty

  static config::Schema schema();  ///< section `log`
  static LogSettings from(const config::View& section);
};

/// "trace" … "error"; info for anything else.
LogLevel log_level(std::string_view name) noexcept;

/// The process's log: writes to stderr, coloured on a terminal only. Loggers made by it share its
/// sink and level and may be used from any thread, as long as it lives.
class Log {
 public:
  using Tags = std::vector<std::pair<std::string, std::string>>;

  explicit Log(const LogSettings& settings);
  /// For tests: everything goes to text() as well as nowhere else.
  static std::unique_ptr<Log> capture(const LogSettings& settings = {});
  ~Log();

  Logger& root();
  /// Adds the tags to every record, e.g. {{"kind", "storage"}}.
  std::unique_ptr<Logger> tagged(Tags tags);
  void level(LogLevel level) noexcept;  ///< at once, for all loggers
  void flush();
  std::string text() const;  ///< what a captured log holds

 private:
  struct Sink;
  class TaggedLogger;
  explicit Log(std::shared_ptr<Sink> sink);

  std::shared_ptr<Sink> sink_;
  std::unique_ptr<Logger> root_;
};

/// True for field names whose value must not be written (token, code, password, sdp, …).
bool is_secret_key(std::string_view key) noexcept;

/// A logger for tests that need one and look at nothing: warnings and errors go to stderr.
std::unique_ptr<Logger> make_logger();

}  // namespace ferry
