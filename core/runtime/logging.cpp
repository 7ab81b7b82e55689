#include "runtime/logging.hpp"

#include <array>
#include <atomic>
#include <cctype>
#include <mutex>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace ferry {
namespace {

class CaptureSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    text_.append(line.data(), line.size());
  }
  void flush_() override {}

 private:
  std::string text_;
};

spdlog::level::level_enum spd(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace: return spdlog::level::trace;
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

constexpr std::array<std::string_view, 5> kLevelNames{"trace", "debug", "info", "warn", "error"};

/// One record must stay one line whatever it holds: control characters become \u00XX.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (u < 0x20 || u == 0x7f) {
      out += "\\u00";
      out += kHex[u >> 4];
      out += kHex[u & 15];
    } else if (quotes && (c == '"' || c == '\\')) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
}

/// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none. Two-byte C1
/// controls are refused: terminals act on them.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t n = first < 0x80                     ? 1
                        : first >= 0xc2 && first <= 0xdf ? 2
                        : first >= 0xe0 && first <= 0xef ? 3
                        : first >= 0xf0 && first <= 0xf4 ? 4
                                                         : 0;
  if (n == 0 || n > text.size()) {
    return 0;
  }
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const bool bad = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
                   (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f) ||
                   (first == 0xc2 && byte(1) < 0xa0);
  return bad ? 0 : n;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto n = sequence_length(text);
    if (n == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
    } else {
      out += text.substr(0, n);
      text.remove_prefix(n);
    }
  }
  return out;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, valid_utf8(text), true);
  out += '"';
}

bool plain_word(std::string_view text) noexcept {
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '=') {
      return false;
    }
  }
  return !text.empty();
}

void append_field(std::string& out, LogFormat format, std::string_view key, std::string_view value,
                  bool bare) {
  const bool secret = is_secret_key(key);
  if (format == LogFormat::json) {
    out += ",\"";
    append_escaped(out, key, true);
    out += "\":";
    if (secret) {
      out += "\"***\"";
    } else if (bare && value != "inf" && value != "-inf" && value != "nan" && value != "-nan") {
      out += value;
    } else {
      append_quoted(out, value);
    }
    return;
  }
  out += ' ';
  out += key;
  out += '=';
  if (secret) {
    out += "***";
  } else if (bare || plain_word(value)) {
    out += value;
  } else {
    append_quoted(out, value);
  }
}

}  // namespace

bool is_secret_key(std::string_view key) noexcept {
  static constexpr std::array<std::string_view, 12> kParts{
      "token", "password",  "passwd",     "secret",  "authorization", "cookie",
      "sdp",   "candidate", "credential", "api_key", "private_key",   "payload"};
  // As whole words only: "status_code" and "exit_code" are no secrets.
  static constexpr std::array<std::string_view, 4> kWhole{"code", "transfer_code", "master", "key"};
  std::string lower;
  for (const char c : key) {
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const auto part : kParts) {
    if (lower.find(part) != std::string::npos) {
      return true;
    }
  }
  for (const auto word : kWhole) {
    if (lower == word) {
      return true;
    }
  }
  return false;
}

LogLevel log_level(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) {
      return static_cast<LogLevel>(i);
    }
  }
  return LogLevel::info;
}

config::Schema LogSettings::schema() {
  using config::Field;
  using config::Type;
  config::Schema s;
  s.summary = "What is logged, and how. Records go to stderr.";
  s.fields.push_back(Field("level", Type::string, "Least severity that is written.")
                         .default_("info")
                         .one_of_({"trace", "debug", "info", "warn", "error"})
                         .reloadable_());
  s.fields.push_back(Field("format", Type::string, "Lines for people or JSON objects.")
                         .default_("console")
                         .one_of_({"console", "json"}));
  return s;
}

LogSettings LogSettings::from(const config::View& section) {
  LogSettings out;
  out.level = log_level(section.string("level"));
  out.format = section.string("format") == "json" ? LogFormat::json : LogFormat::console;
  return out;
}

struct Log::Sink {
  Sink(const LogSettings& s, spdlog::sink_ptr target, CaptureSink* captured)
      : format(s.format), node(s.node), level(s.level), capture(captured), out("ferry", target) {
    out.set_level(spdlog::level::trace);
    out.flush_on(spdlog::level::warn);
    out.set_pattern(format == LogFormat::json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %^%-5!l%$ %v");
  }

  void write(LogLevel severity, std::string_view message, const Tags& tags,
             std::span<const LogField> fields) {
    std::string line;
    line.reserve(160);
    if (format == LogFormat::json) {
      line += "{\"ts\":\"";
      line += now();
      line += "\",\"level\":\"";
      line += kLevelNames[static_cast<std::size_t>(severity)];
      line += "\",\"msg\":";
      append_quoted(line, message);
      if (!node.empty()) {
        append_field(line, format, "node", node, false);
      }
    } else {
      append_escaped(line, valid_utf8(message), false);
    }
    for (const auto& [key, value] : tags) {
      append_field(line, format, key, value, false);
    }
    for (const auto& field : fields) {
      append_field(line, format, field.key, field.value, field.bare);
    }
    if (format == LogFormat::json) {
      line += '}';
    }
    out.log(spd(severity), spdlog::string_view_t(line.data(), line.size()));
  }

  static std::string now() {
    const auto t = std::chrono::system_clock::now();
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
    const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[40];
    const auto n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    char fraction[8];
    std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(ms % 1000));
    return std::string(text, n) + fraction;
  }

  const LogFormat format;
  const std::string node;
  std::atomic<LogLevel> level;
  CaptureSink* const capture;  ///< owned by `out`
  spdlog::logger out;
};

class Log::TaggedLogger final : public Logger {
 public:
  TaggedLogger(std::shared_ptr<Sink> sink, Tags tags)
      : sink_(std::move(sink)), tags_(std::move(tags)) {}
  bool enabled(LogLevel level) const noexcept override {
    return level >= sink_->level.load(std::memory_order_relaxed);
  }
  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
    if (enabled(level)) {
      sink_->write(level, message, tags_, fields);
    }
  }

 private:
  std::shared_ptr<Sink> sink_;
  Tags tags_;
};

Log::Log(std::shared_ptr<Sink> sink)
    : sink_(std::move(sink)), root_(std::make_unique<TaggedLogger>(sink_, Tags{})) {}

Log::Log(const LogSettings& settings)
    : Log(std::make_shared<Sink>(
          settings,
          settings.format == LogFormat::json
              ? spdlog::sink_ptr(std::make_shared<spdlog::sinks::stderr_sink_mt>())
              : spdlog::sink_ptr(std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
                    spdlog::color_mode::automatic)),
          nullptr)) {}

std::unique_ptr<Log> Log::capture(const LogSettings& settings) {
  auto target = std::make_shared<CaptureSink>();
  auto* raw = target.get();
  return std::unique_ptr<Log>(new Log(std::make_shared<Sink>(settings, std::move(target), raw)));
}

Log::~Log() = default;

Logger& Log::root() {
  return *root_;
}

std::unique_ptr<Logger> Log::tagged(Tags tags) {
  return std::make_unique<TaggedLogger>(sink_, std::move(tags));
}

void Log::level(LogLevel level) noexcept {
  sink_->level.store(level, std::memory_order_relaxed);
}

void Log::flush() {
  sink_->out.flush();
}

std::string Log::text() const {
  return sink_->capture != nullptr ? sink_->capture->text() : std::string();
}

std::unique_ptr<Logger> make_logger() {
  LogSettings settings;
  settings.level = LogLevel::warn;
  return Log(settings).tagged({});
}

}  // namespace ferry
