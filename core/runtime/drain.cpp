#include "runtime/drain.hpp"

#include "runtime/spawn.hpp"

#include <algorithm>

namespace ferry {

config::Schema DrainSettings::schema() {
  using config::Field;
  using config::Type;
  config::Schema s;
  s.summary = "What happens between SIGTERM and the end of the process.";
  s.fields.push_back(Field("delay", Type::duration,
                           "Time between answering \"not ready\" and refusing connections.")
                         .default_("0s")
                         .range_(0, 600000));
  s.fields.push_back(Field("grace", Type::duration, "Time that requests under way may still take.")
                         .default_("15s")
                         .range_(0, 3600000));
  return s;
}

DrainSettings DrainSettings::from(const config::View& section) {
  DrainSettings out;
  out.delay = section.duration("delay");
  out.grace = section.duration("grace");
  return out;
}

void Drain::on_hurry(std::function<void()> f) {
  const std::lock_guard lock(mutex_);
  hurry_.push_back(std::move(f));
}

Awaitable<void> Drain::run() {
  draining_ = true;
  log_.info("draining", {{"delay_ms", settings_.delay.count()}});
  const auto until = std::chrono::steady_clock::now() + settings_.delay;
  while (!hurried() && std::chrono::steady_clock::now() < until) {
    const auto left = std::chrono::ceil<Millis>(until - std::chrono::steady_clock::now());
    co_await sleep_for(std::min(left, Millis(100)));
  }
  const Deadline deadline = std::chrono::steady_clock::now() + settings_.grace;
  for (auto& [name, step] : steps_) {
    log_.debug("drain step", {{"step", name}});
    bool failed = false;
    try {
      co_await step(hurried() ? std::chrono::steady_clock::now() : deadline);
    } catch (...) {
      failed = true;
      report_unhandled(name, std::current_exception());
    }
    if (failed) {
      log_.error("a drain step failed", {{"step", name}});
    }
  }
}

void Drain::hurry() {
  if (hurried_.exchange(true)) {
    return;
  }
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls = hurry_;
  }
  for (auto& f : calls) {
    f();
  }
}

}  // namespace ferry
