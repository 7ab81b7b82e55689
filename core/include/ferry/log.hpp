#pragma once
#include <ferry/abi.hpp>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace ferry {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

/// One key and value of a structured record. Keys are snake_case literals. Never a secret, code,
/// token, file name or client address in full.
struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  LogField(std::string_view k, Number v) : key(k), value(std::to_string(v)), bare(true) {}
  std::string_view key;
  std::string value;
  bool bare = false;  ///< a number: written without quotes
};

/// Structured log, safe from any thread. Control characters are escaped by the sink.
class FERRY_API Logger {
 public:
  virtual ~Logger();
  virtual bool enabled(LogLevel level) const noexcept = 0;
  virtual void write(LogLevel level, std::string_view message,
                     std::span<const LogField> fields) = 0;

  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view m, Fields f = {}) { log(LogLevel::debug, m, f); }
  void info(std::string_view m, Fields f = {}) { log(LogLevel::info, m, f); }
  void warn(std::string_view m, Fields f = {}) { log(LogLevel::warn, m, f); }
  void error(std::string_view m, Fields f = {}) { log(LogLevel::error, m, f); }

 private:
  void log(LogLevel level, std::string_view m, Fields f) {
    if (enabled(level)) {
      write(level, m, {f.begin(), f.size()});
    }
  }
};

}  // namespace ferry
