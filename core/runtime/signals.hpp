#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

namespace ferry {

/// SIGTERM and SIGINT: the first calls drain, the second hurry, the third leaves with _exit(1).
/// SIGHUP calls reload. The callbacks run on `executor`. Destroy on that executor, or when it no
/// longer runs.
class Signals {
 public:
  struct Callbacks {
    std::function<void()> drain;
    std::function<void()> hurry;
    std::function<void()> reload;
  };
  Signals(const boost::asio::any_io_executor& executor, Callbacks callbacks);
  ~Signals();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ferry
