#pragma once
#include <ferry/blocking_pool.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace ferry {

class Metrics;

/// The process's BlockingPool: K threads ("block-0", …) on one bounded queue.
class BlockingThreads final : public BlockingPool {
 public:
  /// `threads` 0: max(4, 2 * hardware threads). `metrics` may be null; else it must outlive this.
  explicit BlockingThreads(std::size_t threads = 0, std::size_t queue_limit = 4096,
                           Metrics* metrics = nullptr);
  ~BlockingThreads() override;

  bool submit(std::function<void()> job) override;
  /// Refuses new jobs, runs the queued ones, joins. Idempotent; not from a pool thread.
  void stop();

 private:
  void work(std::size_t index);

  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ferry
