#include "runtime/signals.hpp"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <unistd.h>

namespace ferry {

struct Signals::State : std::enable_shared_from_this<Signals::State> {
  State(const boost::asio::any_io_executor& executor, Callbacks c)
      : set(executor, SIGTERM, SIGINT, SIGHUP), callbacks(std::move(c)) {}

  void wait() {
    set.async_wait([self = shared_from_this()](boost::system::error_code ec, int number) {
      if (ec || self->closed) {
        return;
      }
      self->wait();
      self->handle(number);
    });
  }

  void handle(int number) {
    if (number == SIGHUP) {
      call(callbacks.reload);
    } else if (++stops == 1) {
      call(callbacks.drain);
    } else if (stops == 2) {
      call(callbacks.hurry);
    } else {
      ::_exit(1);
    }
  }

  static void call(const std::function<void()>& f) {
    if (f) {
      f();
    }
  }

  boost::asio::signal_set set;
  Callbacks callbacks;
  int stops = 0;
  bool closed = false;
};

Signals::Signals(const boost::asio::any_io_executor& executor, Callbacks callbacks)
    : state_(std::make_shared<State>(executor, std::move(callbacks))) {
  state_->wait();
}

Signals::~Signals() {
  state_->closed = true;
  boost::system::error_code ignored;
  state_->set.cancel(ignored);
}

}  // namespace ferry
