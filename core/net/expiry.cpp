#include "net/expiry.hpp"

#include <boost/asio/steady_timer.hpp>

namespace ferry::net {

struct Expiry::State : std::enable_shared_from_this<Expiry::State> {
  State(const boost::asio::any_io_executor& executor, std::function<void()> f)
      : timer(executor), on_expire(std::move(f)) {}

  void arm() {
    set_for = target;
    timer.expires_at(target);
    timer.async_wait([self = shared_from_this()](boost::system::error_code ec) {
      if (!ec && !self->dead) {
        self->fired();
      }
    });
  }

  void fired() {
    set_for = Clock::time_point::max();
    if (target == Clock::time_point::max()) {
      return;
    }
    if (Clock::now() < target) {
      arm();
      return;
    }
    target = Clock::time_point::max();
    on_expire();
  }

  boost::asio::steady_timer timer;
  std::function<void()> on_expire;
  Clock::time_point target = Clock::time_point::max();   ///< max: disarmed
  Clock::time_point set_for = Clock::time_point::max();  ///< max: the timer is not set
  bool dead = false;
};

Expiry::Expiry(const boost::asio::any_io_executor& executor, std::function<void()> on_expire)
    : state_(std::make_shared<State>(executor, std::move(on_expire))) {}

Expiry::~Expiry() {
  state_->dead = true;
  state_->timer.cancel();
}

void Expiry::at(Clock::time_point when) {
  state_->target = when;
  if (when < state_->set_for) {
    state_->arm();
  }
}

void Expiry::disarm() {
  state_->target = Clock::time_point::max();
}

}  // namespace ferry::net
