#pragma once
#include <ferry/metrics.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace ferry {

/// The process's metrics and their Prometheus text form.
class Registry final : public Metrics {
 public:
  Registry();
  ~Registry() override;

  /// One name has one kind and one help text; asking for another kind throws std::logic_error.
  Counter& counter(const std::string& name, const std::string& help,
                   const Labels& labels = {}) override;
  Gauge& gauge(const std::string& name, const std::string& help,
               const Labels& labels = {}) override;
  Histogram& histogram(const std::string& name, const std::string& help,
                       const Labels& labels = {}) override;

  /// Text exposition format 0.0.4: families by name, series by labels, process_* at the end.
  std::string render() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  enum class Type { counter, gauge, histogram };
  struct Series {
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
  };
  struct Family {
    Type type;
    std::string help;
    std::map<std::string, Series> series;  ///< by rendered labels: a="b",c="d"
  };
  Series& series(const std::string& name, const std::string& help, const Labels& labels, Type type);

  mutable std::mutex mutex_;
  std::map<std::string, Family> families_;
};

}  // namespace ferry
