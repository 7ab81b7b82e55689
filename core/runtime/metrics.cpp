#include "runtime/metrics.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/resource.h>
#include <system_error>
#include <time.h>
#include <unistd.h>

namespace ferry {
namespace {

std::string number(double v) {
  char text[64];
  const double size = std::abs(v);
  const bool fixed = size == 0 || (size >= 1e-6 && size < 1e15);
  const auto end = fixed ? std::to_chars(text, text + sizeof text, v, std::chars_format::fixed).ptr
                         : std::to_chars(text, text + sizeof text, v).ptr;
  return {text, end};
}

void escape(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

std::string rendered(const Labels& labels) {
  std::string out;
  for (const auto& [key, value] : labels) {
    out += out.empty() ? "" : ",";
    out += key;
    out += "=\"";
    escape(out, value, true);
    out += '"';
  }
  return out;
}

void line(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
          std::string_view more, std::string_view value) {
  out += name;
  out += suffix;
  if (!labels.empty() || !more.empty()) {
    out += '{';
    out += labels;
    out += labels.empty() || more.empty() ? "" : ",";
    out += more;
    out += '}';
  }
  out += ' ';
  out += value;
  out += '\n';
}

void head(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
  out += "# HELP ";
  out += name;
  out += ' ';
  escape(out, help, false);
  out += "\n# TYPE ";
  out += name;
  out += ' ';
  out += type;
  out += '\n';
}

void histogram_lines(std::string& out, std::string_view name, std::string_view labels,
                     const Histogram& h) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= Histogram::kBounds.size(); ++i) {
    total += h.bucket(i);
    const auto bound =
        i < Histogram::kBounds.size() ? number(Histogram::kBounds[i]) : std::string("+Inf");
    line(out, name, "_bucket", labels, "le=\"" + bound + "\"", std::to_string(total));
  }
  line(out, name, "_sum", labels, {}, number(h.sum()));
  line(out, name, "_count", labels, {}, std::to_string(total));
}

void single(std::string& out, std::string_view name, std::string_view help, std::string_view type,
            std::string_view value) {
  head(out, name, help, type);
  line(out, name, {}, {}, {}, value);
}

/// Seconds since the epoch at which the process was started, from /proc.
double process_start() {
  std::ifstream in("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  // The command name in parentheses may hold anything; fields count from behind it.
  auto at = text.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) {
    at = text.find(' ', at + 1);
  }
  if (at == std::string::npos) {
    return 0;
  }
  const double ticks = std::strtod(text.c_str() + at, nullptr);
  timespec boot{};
  timespec real{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  clock_gettime(CLOCK_REALTIME, &real);
  const auto seconds = [](const timespec& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
  };
  return seconds(real) - seconds(boot) + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double resident_bytes() {
  std::ifstream in("/proc/self/statm");
  double size = 0;
  double resident = 0;
  in >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::size_t open_fds() {
  std::error_code ec;
  std::size_t n = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", ec);
       !ec && it != std::filesystem::directory_iterator(); it.increment(ec)) {
    ++n;
  }
  return n;
}

void process_lines(std::string& out) {
  static const double started = process_start();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  single(out, "process_cpu_seconds_total", "User and system CPU time.", "counter",
         number(seconds(usage.ru_utime) + seconds(usage.ru_stime)));
  single(out, "process_max_fds", "Limit of open file descriptors.", "gauge",
         std::to_string(files.rlim_cur));
  single(out, "process_open_fds", "Open file descriptors.", "gauge", std::to_string(open_fds()));
  single(out, "process_resident_memory_bytes", "Resident memory.", "gauge",
         number(resident_bytes()));
  single(out, "process_start_time_seconds", "Start of the process since the epoch.", "gauge",
         number(started));
}

}  // namespace

Registry::Registry() {
  gauge("ferry_build_info", "Constant 1; the labels describe the build.",
        {{"version", FERRY_VERSION}, {"compiler", FERRY_ABI_CXX}})
      .set(1);
}

Registry::~Registry() = default;

Registry::Series& Registry::series(const std::string& name, const std::string& help,
                                   const Labels& labels, Type type) {
  const auto [it, fresh] = families_.try_emplace(name, Family{type, help, {}});
  if (!fresh && it->second.type != type) {
    throw std::logic_error("metric " + name + " asked for as two kinds");
  }
  return it->second.series[rendered(labels)];
}

Counter& Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& s = series(name, help, labels, Type::counter);
  if (!s.counter) {
    s.counter = std::make_unique<Counter>();
  }
  return *s.counter;
}

Gauge& Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& s = series(name, help, labels, Type::gauge);
  if (!s.gauge) {
    s.gauge = std::make_unique<Gauge>();
  }
  return *s.gauge;
}

Histogram& Registry::histogram(const std::string& name, const std::string& help,
                               const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto& s = series(name, help, labels, Type::histogram);
  if (!s.histogram) {
    s.histogram = std::make_unique<Histogram>();
  }
  return *s.histogram;
}

std::string Registry::render() const {
  std::string out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, family] : families_) {
      static constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};
      head(out, name, family.help, kTypes[static_cast<std::size_t>(family.type)]);
      for (const auto& [labels, s] : family.series) {
        if (s.counter) {
          line(out, name, {}, labels, {}, std::to_string(s.counter->value()));
        } else if (s.gauge) {
          line(out, name, {}, labels, {}, std::to_string(s.gauge->value()));
        } else if (s.histogram) {
          histogram_lines(out, name, labels, *s.histogram);
        }
      }
    }
  }
  process_lines(out);
  return out;
}

}  // namespace ferry
