#include "shares/upload_locks.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <mutex>
#include <unordered_map>

namespace asio = boost::asio;

namespace ferry::shares {

struct UploadLocks::Lease::Holder {
  Holder(std::shared_ptr<State> s, std::string i, asio::any_io_executor e)
      : state(std::move(s)), id(std::move(i)), executor(std::move(e)) {}

  /// Any thread.
  static void ask(const std::shared_ptr<Holder>& holder) {
    holder->preempted = true;
    asio::post(holder->executor, [holder] {
      if (const auto let_go = holder->let_go) {
        let_go();
      }
    });
  }

  std::shared_ptr<State> state;
  std::string id;
  asio::any_io_executor executor;
  std::atomic<bool> preempted{false};
  std::function<void()> let_go;  // touched on `executor` only
};

struct UploadLocks::State {
  using Holder = Lease::Holder;

  struct Waiter {
    explicit Waiter(asio::any_io_executor e) : timer(std::move(e)) {}
    asio::steady_timer timer;         // touched on its own executor only
    std::shared_ptr<Holder> granted;  // guarded by `mutex`
  };

  struct Entry {
    std::shared_ptr<Holder> holder;
    std::deque<std::shared_ptr<Waiter>> waiters;
  };

  void release(const std::string& id) {
    const std::lock_guard lock(mutex);
    const auto at = entries.find(id);
    if (at->second.waiters.empty()) {
      entries.erase(at);
      return;
    }
    auto& entry = at->second;
    const auto next = entry.waiters.front();
    entry.waiters.pop_front();
    entry.holder = std::make_shared<Holder>(entry.holder->state, id, next->timer.get_executor());
    entry.holder->preempted = !entry.waiters.empty();
    next->granted = entry.holder;
    asio::post(next->timer.get_executor(), [next] { next->timer.cancel(); });
  }

  std::mutex mutex;
  std::unordered_map<std::string, Entry> entries;
};

UploadLocks::UploadLocks() : state_(std::make_shared<State>()) {}

UploadLocks::Lease& UploadLocks::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    holder_ = std::move(other.holder_);
  }
  return *this;
}

void UploadLocks::Lease::on_preempt(std::function<void()> let_go) {
  holder_->let_go = std::move(let_go);
  if (holder_->preempted) {
    Holder::ask(holder_);
  }
}

bool UploadLocks::Lease::preempted() const {
  return holder_ && holder_->preempted;
}

void UploadLocks::Lease::release() noexcept {
  if (const auto holder = std::exchange(holder_, nullptr)) {
    holder->let_go = nullptr;
    holder->state->release(holder->id);
  }
}

Awaitable<std::optional<UploadLocks::Lease>> UploadLocks::acquire(std::string id, Millis patience) {
  const auto executor = co_await asio::this_coro::executor;
  std::optional<Lease> lease;
  std::shared_ptr<State::Waiter> waiter;
  {
    const std::lock_guard lock(state_->mutex);
    auto& entry = state_->entries[id];
    if (!entry.holder) {
      entry.holder = std::make_shared<Lease::Holder>(state_, id, executor);
      lease.emplace().holder_ = entry.holder;
    } else {
      waiter = std::make_shared<State::Waiter>(executor);
      waiter->timer.expires_after(patience);
      entry.waiters.push_back(waiter);
      Lease::Holder::ask(entry.holder);
    }
  }
  if (lease) {
    co_return lease;
  }
  boost::system::error_code ignored;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  {
    const std::lock_guard lock(state_->mutex);
    if (waiter->granted) {
      lease.emplace().holder_ = std::move(waiter->granted);
    } else {
      std::erase(state_->entries.at(id).waiters, waiter);
    }
  }
  co_return lease;
}

void UploadLocks::preempt_all() {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [id, entry] : state_->entries) {
    Lease::Holder::ask(entry.holder);
  }
}

}  // namespace ferry::shares
