#include "signaling.hpp"

#include "bug.hpp"

namespace ferry::mutants {
namespace {

std::string on(std::string_view channel, std::size_t loop) {
  return std::string(channel) + "#" + std::to_string(loop);
}

}  // namespace

BrokenSignaling::BrokenSignaling(Host& host, const config::View& options)
    : host_(host), right_(host, options), bug_(options.string("bug")) {}

config::Schema BrokenSignaling::schema() {
  return with_bug(memory::MemorySignaling::schema());
}

Awaitable<Result<void>> BrokenSignaling::start() {
  return right_.start();
}

Awaitable<Result<void>> BrokenSignaling::ping() {
  return right_.ping();
}

Awaitable<void> BrokenSignaling::stop() {
  return right_.stop();
}

SignalingCaps BrokenSignaling::caps() const {
  return right_.caps();
}

Awaitable<Result<void>> BrokenSignaling::subscribe(std::string channel,
                                                   std::weak_ptr<SignalingEvents> events) {
  if (bug_ == "deaf_to_itself") {
    channel = on(channel, host_.this_loop());
  } else if (bug_ == "mixes_channels") {
    channel = "all";
  }
  return right_.subscribe(std::move(channel), std::move(events));
}

Awaitable<void> BrokenSignaling::unsubscribe(std::string channel,
                                             std::weak_ptr<SignalingEvents> events) {
  if (bug_ == "ignores_unsubscribe") {
    co_return;
  }
  co_await right_.unsubscribe(std::move(channel), std::move(events));
}

Result<void> BrokenSignaling::publish(std::string_view channel, SharedBytes payload) {
  if (bug_ == "mixes_channels") {
    return right_.publish("all", std::move(payload));
  }
  if (bug_ == "reorders") {
    return publish_in_pairs(channel, std::move(payload));
  }
  if (bug_ != "deaf_to_itself") {
    return right_.publish(channel, std::move(payload));
  }
  for (std::size_t loop = 0; loop < host_.loops(); ++loop) {
    if (loop != host_.this_loop()) {
      if (auto sent = right_.publish(on(channel, loop), payload); !sent) {
        return sent;
      }
    }
  }
  return {};
}

/// Two messages at a time, the second first.
Result<void> BrokenSignaling::publish_in_pairs(std::string_view channel, SharedBytes payload) {
  SharedBytes first;
  {
    const std::lock_guard lock(mutex_);
    SharedBytes& held = held_back_[host_.this_loop()];
    if (!held) {
      held = std::move(payload);
      return {};
    }
    first = std::move(held);
    held = nullptr;
  }
  auto sent = right_.publish(channel, std::move(payload));
  return sent ? right_.publish(channel, std::move(first)) : sent;
}

}  // namespace ferry::mutants
