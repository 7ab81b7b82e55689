#include "signaling.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <deque>
#include <mutex>
#include <unordered_map>

namespace ferry::memory {
namespace asio = boost::asio;
namespace {

struct Subscription {
  std::weak_ptr<SignalingEvents> events;
  std::size_t loop;
  std::atomic<bool> active{true};

  bool is_of(const std::weak_ptr<SignalingEvents>& other) const {
    return !events.owner_before(other) && !other.owner_before(events);
  }
};

/// The subscribers of a channel at one moment. Never changed, so a publisher holds the lock only to
/// copy a pointer and deliveries to other loops carry the pointer, not the list.
struct Audience {
  std::string channel;
  std::vector<std::shared_ptr<Subscription>> subscriptions;
  std::vector<std::size_t> loops;  // each loop once
};
using AudiencePtr = std::shared_ptr<const Audience>;

struct Delivery {
  AudiencePtr audience;
  SharedBytes payload;
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};

AudiencePtr make_audience(std::string_view channel,
                          std::vector<std::shared_ptr<Subscription>> subscriptions) {
  auto audience = std::make_shared<Audience>();
  audience->channel = channel;
  for (const auto& s : subscriptions) {
    if (std::find(audience->loops.begin(), audience->loops.end(), s->loop) ==
        audience->loops.end()) {
      audience->loops.push_back(s->loop);
    }
  }
  audience->subscriptions = std::move(subscriptions);
  return audience;
}

}  // namespace

class MemorySignaling::Hub : public std::enable_shared_from_this<Hub> {
 public:
  Hub(Host& host, std::size_t max_queue)
      : host_(host), max_queue_(max_queue), lanes_(host.loops()) {}

  void subscribe(const std::string& channel, std::weak_ptr<SignalingEvents> events,
                 std::size_t loop);
  /// The subscription that ended, or nothing.
  std::shared_ptr<Subscription> unsubscribe(const std::string& channel,
                                            const std::weak_ptr<SignalingEvents>& events);
  Result<void> publish(std::string_view channel, SharedBytes payload);
  void clear();

 private:
  using Channels = std::unordered_map<std::string, AudiencePtr, TextHash, std::equal_to<>>;
  struct alignas(64) Shard {
    std::mutex mutex;
    Channels channels;
    std::size_t hand = 0;  // next bucket to look at for expired subscribers
  };
  /// What waits for one loop.
  struct alignas(64) Lane {
    std::mutex mutex;
    std::vector<Delivery> inbox;  // from other threads; a wake-up is posted when it was empty
    // Only touched on the lane's own loop:
    bool delivering = false;
    std::deque<Delivery> nested;  // published by a subscriber from within on_message()
  };

  Shard& shard_of(std::string_view channel) { return shards_[TextHash()(channel) >> 7 & 63]; }
  bool deliver_here(std::size_t loop, Delivery delivery);
  bool send_to(std::size_t loop, const Delivery& delivery);
  void drain(std::size_t loop);
  void deliver(std::size_t loop, const Delivery& delivery);
  void prune(const std::string& channel);
  static void prune_locked(Shard& shard, Channels::iterator channel);
  static void sweep_locked(Shard& shard);

  Host& host_;
  const std::size_t max_queue_;
  std::array<Shard, 64> shards_;
  std::vector<Lane> lanes_;
};

void MemorySignaling::Hub::subscribe(const std::string& channel,
                                     std::weak_ptr<SignalingEvents> events, std::size_t loop) {
  Shard& shard = shard_of(channel);
  const std::lock_guard lock(shard.mutex);
  sweep_locked(shard);
  AudiencePtr& audience = shard.channels[channel];
  std::vector<std::shared_ptr<Subscription>> list;
  if (audience) {
    for (const auto& s : audience->subscriptions) {
      if (s->is_of(events) && s->loop == loop) {
        return;
      }
      if (!s->events.expired()) {
        list.push_back(s);
      }
    }
  }
  auto fresh = std::make_shared<Subscription>();
  fresh->events = std::move(events);
  fresh->loop = loop;
  list.push_back(std::move(fresh));
  audience = make_audience(channel, std::move(list));
}

std::shared_ptr<Subscription> MemorySignaling::Hub::unsubscribe(
    const std::string& channel, const std::weak_ptr<SignalingEvents>& events) {
  Shard& shard = shard_of(channel);
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.channels.find(channel);
  if (it == shard.channels.end()) {
    return nullptr;
  }
  std::shared_ptr<Subscription> ended;
  for (const auto& s : it->second->subscriptions) {
    if (s->is_of(events)) {
      s->active.store(false, std::memory_order_relaxed);
      ended = s;
    }
  }
  prune_locked(shard, it);
  return ended;
}

Result<void> MemorySignaling::Hub::publish(std::string_view channel, SharedBytes payload) {
  Delivery delivery;
  {
    Shard& shard = shard_of(channel);
    const std::lock_guard lock(shard.mutex);
    const auto it = shard.channels.find(channel);
    if (it == shard.channels.end()) {
      return {};
    }
    delivery.audience = it->second;
  }
  delivery.payload = std::move(payload);
  const std::size_t here = host_.this_loop();
  bool accepted = true;
  bool local = false;
  for (const std::size_t loop : delivery.audience->loops) {
    if (loop == here) {
      local = true;
    } else {
      accepted &= send_to(loop, delivery);
    }
  }
  if (local) {
    accepted &= deliver_here(here, std::move(delivery));
  }
  if (!accepted) {
    return Error(Errc::overloaded, "the signaling queue of a loop is full");
  }
  return {};
}

/// Inline, but never nested: a message published from within on_message() waits until every
/// subscriber has the one before it, which keeps the order and the stack flat.
bool MemorySignaling::Hub::deliver_here(std::size_t loop, Delivery delivery) {
  Lane& lane = lanes_[loop];
  if (lane.delivering) {
    if (lane.nested.size() >= max_queue_) {
      return false;
    }
    lane.nested.push_back(std::move(delivery));
    return true;
  }
  lane.delivering = true;
  deliver(loop, delivery);
  while (!lane.nested.empty()) {
    const Delivery next = std::move(lane.nested.front());
    lane.nested.pop_front();
    deliver(loop, next);
  }
  lane.delivering = false;
  return true;
}

bool MemorySignaling::Hub::send_to(std::size_t loop, const Delivery& delivery) {
  Lane& lane = lanes_[loop];
  {
    const std::lock_guard lock(lane.mutex);
    if (lane.inbox.size() >= max_queue_) {
      return false;
    }
    lane.inbox.push_back(delivery);
    if (lane.inbox.size() > 1) {
      return true;  // a wake-up is on its way
    }
  }
  asio::post(host_.loop(loop), [self = shared_from_this(), loop] { self->drain(loop); });
  return true;
}

void MemorySignaling::Hub::drain(std::size_t loop) {
  Lane& lane = lanes_[loop];
  std::vector<Delivery> batch;
  {
    const std::lock_guard lock(lane.mutex);
    batch.swap(lane.inbox);
  }
  for (Delivery& d : batch) {
    deliver_here(loop, std::move(d));
  }
}

void MemorySignaling::Hub::deliver(std::size_t loop, const Delivery& delivery) {
  bool expired = false;
  for (const auto& s : delivery.audience->subscriptions) {
    if (s->loop != loop || !s->active.load(std::memory_order_relaxed)) {
      continue;
    }
    if (const auto events = s->events.lock()) {
      events->on_message(delivery.audience->channel, delivery.payload);
    } else {
      expired = true;
    }
  }
  if (expired) {
    prune(delivery.audience->channel);
  }
}

void MemorySignaling::Hub::prune(const std::string& channel) {
  Shard& shard = shard_of(channel);
  const std::lock_guard lock(shard.mutex);
  if (const auto it = shard.channels.find(channel); it != shard.channels.end()) {
    prune_locked(shard, it);
  }
}

void MemorySignaling::Hub::prune_locked(Shard& shard, Channels::iterator channel) {
  std::vector<std::shared_ptr<Subscription>> alive;
  for (const auto& s : channel->second->subscriptions) {
    if (s->active.load(std::memory_order_relaxed) && !s->events.expired()) {
      alive.push_back(s);
    }
  }
  if (alive.empty()) {
    shard.channels.erase(channel);
  } else if (alive.size() != channel->second->subscriptions.size()) {
    channel->second = make_audience(channel->first, std::move(alive));
  }
}

/// Channels whose subscribers expired without unsubscribe() would stay for ever if nobody published
/// to them: every subscription looks at one more bucket.
void MemorySignaling::Hub::sweep_locked(Shard& shard) {
  if (shard.channels.empty()) {
    return;
  }
  const std::size_t bucket = shard.hand++ % shard.channels.bucket_count();
  std::vector<std::string> stale;
  for (auto it = shard.channels.begin(bucket); it != shard.channels.end(bucket); ++it) {
    const auto& list = it->second->subscriptions;
    if (std::any_of(list.begin(), list.end(), [](const auto& s) { return s->events.expired(); })) {
      stale.push_back(it->first);
    }
  }
  for (const std::string& channel : stale) {
    prune_locked(shard, shard.channels.find(channel));
  }
}

void MemorySignaling::Hub::clear() {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [channel, audience] : shard.channels) {
      for (const auto& s : audience->subscriptions) {
        s->active.store(false, std::memory_order_relaxed);
      }
    }
    shard.channels.clear();
  }
}

MemorySignaling::MemorySignaling(Host& host, const config::View& options)
    : host_(host),
      max_payload_(options.size("max_payload")),
      hub_(std::make_shared<Hub>(host, static_cast<std::size_t>(options.integer("max_queue")))) {}

MemorySignaling::~MemorySignaling() = default;

config::Schema MemorySignaling::schema() {
  using config::Field;
  using config::Type;
  config::Schema s;
  s.summary = "Messages between the connections of this process.";
  s.fields.push_back(Field("max_payload", Type::size, "Largest message.")
                         .default_("128KiB")
                         .range_(1024, 16 << 20));
  s.fields.push_back(Field("max_queue", Type::integer, "Messages that may wait for one event loop.")
                         .default_("65536")
                         .range_(16, 1e7));
  return s;
}

Awaitable<Result<void>> MemorySignaling::start() {
  co_return Result<void>();
}

Awaitable<Result<void>> MemorySignaling::ping() {
  co_return Result<void>();
}

Awaitable<void> MemorySignaling::stop() {
  hub_->clear();
  co_return;
}

SignalingCaps MemorySignaling::caps() const {
  SignalingCaps caps;
  caps.max_payload = max_payload_;
  return caps;
}

Awaitable<Result<void>> MemorySignaling::subscribe(std::string channel,
                                                   std::weak_ptr<SignalingEvents> events) {
  const std::size_t loop = host_.this_loop();
  if (loop == Host::npos) {
    co_return Error(Errc::invalid_argument, "subscribe() must be called on a loop");
  }
  hub_->subscribe(channel, std::move(events), loop);
  co_return Result<void>();
}

Awaitable<void> MemorySignaling::unsubscribe(std::string channel,
                                             std::weak_ptr<SignalingEvents> events) {
  const auto ended = hub_->unsubscribe(channel, events);
  if (ended && ended->loop != host_.this_loop()) {
    // A delivery may be under way on the subscriber's loop: wait until that loop has passed.
    auto hop = [loop = host_.loop(ended->loop)](auto handler) {
      auto back = asio::prefer(asio::get_associated_executor(handler),
                               asio::execution::outstanding_work.tracked);
      asio::post(loop, [back, handler = std::move(handler)]() mutable {
        asio::post(back, std::move(handler));
      });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(hop, asio::use_awaitable);
  }
}

Result<void> MemorySignaling::publish(std::string_view channel, SharedBytes payload) {
  if (!payload) {
    return Error(Errc::invalid_argument, "no payload");
  }
  if (payload->size() > max_payload_) {
    return Error(Errc::too_large, std::to_string(payload->size()) + " bytes");
  }
  return hub_->publish(channel, std::move(payload));
}

}  // namespace ferry::memory
