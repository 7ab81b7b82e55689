#include "runtime/loops.hpp"

#include "runtime/spawn.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <pthread.h>
#include <string>
#include <thread>

namespace ferry {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::milliseconds kLagInterval{100};
constexpr double kLagWarning = .25;
constexpr std::chrono::seconds kWarnEvery{10};

thread_local std::size_t current_loop = Host::npos;

/// Re-arms one timer for ever; how late it fires is how late everything else on the loop is.
class LagWatch {
 public:
  LagWatch(asio::io_context& context, std::size_t index, Logger& log, Metrics& metrics)
      : timer_(context),
        index_(index),
        log_(log),
        lag_(metrics.histogram("ferry_loop_lag_seconds", "Delay of timers on an event loop.",
                               {{"loop", std::to_string(index)}})) {
    arm();
  }

 private:
  void arm() {
    timer_.expires_after(kLagInterval);
    timer_.async_wait([this](boost::system::error_code ec) {
      if (!ec) {
        measure();
        arm();
      }
    });
  }

  void measure() {
    const auto now = std::chrono::steady_clock::now();
    const double lag = std::chrono::duration<double>(now - timer_.expiry()).count();
    lag_.observe(lag);
    if (lag > kLagWarning && now >= next_warning_) {
      next_warning_ = now + kWarnEvery;
      log_.warn("an event loop was blocked", {{"loop", index_}, {"seconds", lag}});
    }
  }

  asio::steady_timer timer_;
  std::size_t index_;
  Logger& log_;
  Histogram& lag_;
  std::chrono::steady_clock::time_point next_warning_;
};

}  // namespace

struct Loops::Loop {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::unique_ptr<LagWatch> watch;
  std::thread thread;
};

Loops::Loops(std::size_t count) {
  if (count == 0) {
    count = std::max(1u, std::thread::hardware_concurrency());
  }
  for (std::size_t i = 0; i < count; ++i) {
    loops_.push_back(std::make_unique<Loop>());
  }
}

Loops::~Loops() {
  stop();
}

void Loops::watch(Logger& log, Metrics& metrics) {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->watch = std::make_unique<LagWatch>(loops_[i]->context, i, log, metrics);
  }
}

void Loops::start() {
  if (started_) {
    return;
  }
  started_ = true;
  std::signal(SIGPIPE, SIG_IGN);
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->thread = std::thread([this, i] {
      current_loop = i;
      pthread_setname_np(pthread_self(), ("loop-" + std::to_string(i)).c_str());
      auto& context = loops_[i]->context;
      while (!context.stopped()) {
        try {
          context.run();
        } catch (...) {
          report_unhandled("loop", std::current_exception());
        }
      }
    });
  }
}

void Loops::stop() {
  for (auto& loop : loops_) {
    loop->work.reset();
    loop->context.stop();
  }
  for (auto& loop : loops_) {
    if (loop->thread.joinable()) {
      loop->thread.join();
    }
  }
}

std::size_t Loops::size() const noexcept {
  return loops_.size();
}

asio::any_io_executor Loops::executor(std::size_t index) const {
  return loops_.at(index)->context.get_executor();
}

void Loops::post(std::size_t index, std::function<void()> job) const {
  asio::post(loops_.at(index)->context, std::move(job));
}

std::size_t Loops::this_loop() noexcept {
  return current_loop;
}

}  // namespace ferry
