#include "runtime/blocking_threads.hpp"

#include "runtime/spawn.hpp"

#include <ferry/metrics.hpp>

#include <algorithm>
#include <pthread.h>
#include <string>

namespace ferry {

BlockingThreads::BlockingThreads(std::size_t threads, std::size_t queue_limit, Metrics* metrics)
    : queue_limit_(queue_limit) {
  if (threads == 0) {
    threads = std::max<std::size_t>(4, 2 * std::size_t{std::thread::hardware_concurrency()});
  }
  if (metrics != nullptr) {
    metrics->gauge("ferry_blocking_threads", "Threads of the blocking pool.")
        .set(static_cast<std::int64_t>(threads));
  }
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, i] { work(i); });
  }
}

BlockingThreads::~BlockingThreads() {
  stop();
}

bool BlockingThreads::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= queue_limit_) {
      return false;
    }
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void BlockingThreads::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) {
      thread.join();
    }
  }
}

void BlockingThreads::work(std::size_t index) {
  pthread_setname_np(pthread_self(), ("block-" + std::to_string(index)).c_str());
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) {
        return;
      }
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    try {
      job();
    } catch (...) {
      report_unhandled("blocking pool", std::current_exception());
    }
  }
}

}  // namespace ferry
