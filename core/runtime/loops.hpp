#pragma once
#include <ferry/plugin.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace ferry {

/// The event loops: one io_context(1) and one thread ("loop-0", …) each. What runs on a loop needs
/// no lock against anything else on that loop.
class Loops {
 public:
  /// `count` 0: one per hardware thread.
  explicit Loops(std::size_t count = 0);
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;
  ~Loops();  ///< stop()

  /// Measures how late a loop runs its timers: histogram ferry_loop_lag_seconds{loop}, and a
  /// warning above 250 ms. Call before start(); both must outlive the loops' threads.
  void watch(Logger& log, Metrics& metrics);

  /// Starts the threads. SIGPIPE is ignored from here on (sendfile has no MSG_NOSIGNAL).
  void start();
  /// Stops the loops wherever they are and joins; from outside the loops only. Idempotent.
  void stop();

  std::size_t size() const noexcept;
  boost::asio::any_io_executor executor(std::size_t index) const;
  void post(std::size_t index, std::function<void()> job) const;

  /// Index of the loop whose thread is calling, or Host::npos.
  static std::size_t this_loop() noexcept;

 private:
  struct Loop;
  std::vector<std::unique_ptr<Loop>> loops_;
  bool started_ = false;
};

}  // namespace ferry
