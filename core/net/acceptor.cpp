#include "net/acceptor.hpp"

#include "runtime/spawn.hpp"

#include <algorithm>

namespace ferry::net {
namespace {

constexpr Millis kPause{100};  // after a transient accept error such as EMFILE

}  // namespace

ConnectionCaps::ConnectionCaps(std::uint64_t most, std::uint64_t most_per_address,
                               AddressSet uncounted)
    : most_(most), most_per_address_(most_per_address), uncounted_(std::move(uncounted)) {}

std::optional<ConnectionCaps::Place> ConnectionCaps::take(std::string_view peer_address,
                                                          Refusal& why) {
  why = Refusal::none;
  std::string prefix;
  if (const auto ip = IpAddress::parse(peer_address);
      ip && most_per_address_ != 0 && !uncounted_.contains(*ip)) {
    prefix = ip->prefix();
  }
  const std::lock_guard lock(mutex_);
  if (total_ >= most_) {
    why = Refusal::total;
    return std::nullopt;
  }
  if (!prefix.empty()) {
    auto& count = by_prefix_[prefix];
    if (count >= most_per_address_) {
      why = Refusal::address;
      return std::nullopt;
    }
    ++count;
  }
  ++total_;
  return std::optional<Place>(std::in_place, *this, std::move(prefix));
}

std::uint64_t ConnectionCaps::count() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

ConnectionCaps::Place::~Place() {
  if (caps_ == nullptr) {
    return;
  }
  const std::lock_guard lock(caps_->mutex_);
  --caps_->total_;
  if (const auto it = caps_->by_prefix_.find(prefix_); it != caps_->by_prefix_.end()) {
    if (--it->second == 0) {
      caps_->by_prefix_.erase(it);
    }
  }
}

namespace {

AddressSet uncounted_peers(const Limits& limits, const AddressSet& trusted) {
  auto set = AddressSet::parse(limits.uncounted);
  AddressSet out = set ? *set : AddressSet();
  out.add(trusted);
  return out;
}

Counter& refused(Metrics& metrics, const char* reason) {
  return metrics.counter("ferry_connections_rejected_total", "Connections closed at once.",
                         {{"reason", reason}});
}

}  // namespace

Acceptor::Acceptor(Loops& loops, Limits limits, const AddressSet& trusted_proxies, Serve serve,
                   Logger& log, Metrics& metrics)
    : loops_(loops),
      limits_(std::move(limits)),
      caps_(limits_.most_connections(), limits_.connections_per_address,
            uncounted_peers(limits_, trusted_proxies)),
      serve_(std::move(serve)),
      log_(log),
      accepted_(metrics.counter("ferry_connections_accepted_total", "Connections accepted.")),
      errors_(metrics.counter("ferry_accept_errors_total", "Failed accepts.")),
      refused_total_(refused(metrics, "total")),
      refused_address_(refused(metrics, "address")),
      handshake_failures_(refused(metrics, "handshake")),
      open_(metrics.gauge("ferry_connections", "Connections now open.")) {}

Result<void> Acceptor::listen(Transport& transport) {
  std::vector<std::shared_ptr<Entry>> fresh;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    auto listeners = transport.listen(i);
    if (!listeners) {
      return listeners.error();
    }
    for (auto& listener : *listeners) {
      if (const auto endpoint = listener->endpoint();
          std::find(endpoints_.begin(), endpoints_.end(), endpoint) == endpoints_.end()) {
        endpoints_.push_back(endpoint);
      }
      fresh.push_back(std::make_shared<Entry>(Entry{i, std::move(listener)}));
    }
  }
  for (auto& entry : fresh) {
    entries_.push_back(entry);
    spawn("accept", loops_.executor(entry->loop), accept(entry, transport));
  }
  return {};
}

void Acceptor::close() {
  if (closed_.exchange(true)) {
    return;
  }
  for (const auto& entry : entries_) {
    loops_.post(entry->loop, [entry] { entry->listener->close(); });
  }
}

Awaitable<void> Acceptor::accept(std::shared_ptr<Entry> entry, Transport& transport) {
  const auto self = shared_from_this();
  while (!closed_) {
    auto raw = co_await entry->listener->accept();
    if (!raw) {
      if (raw.error().code == Errc::cancelled || closed_) {
        co_return;
      }
      errors_.add();
      log_.warn("accept failed",
                {{"endpoint", entry->listener->endpoint()}, {"error", raw.error().detail}});
      co_await sleep_for(kPause);
      continue;
    }
    accepted_.add();
    auto why = ConnectionCaps::Refusal::none;
    auto place = caps_.take((*raw)->peer().address, why);
    if (!place) {
      (why == ConnectionCaps::Refusal::total ? refused_total_ : refused_address_).add();
      (*raw)->close();
      continue;
    }
    spawn("connection", loops_.executor(entry->loop),
          handle(std::move(*raw), transport, std::move(*place)));
  }
}

Awaitable<void> Acceptor::handle(std::unique_ptr<StreamImpl> raw, Transport& transport,
                                 ConnectionCaps::Place place) {
  const auto self = shared_from_this();
  const ConnectionCaps::Place held(std::move(place));
  struct Open {
    explicit Open(Gauge& g) : gauge(g) { gauge.add(1); }
    ~Open() { gauge.add(-1); }
    Gauge& gauge;
  } const open(open_);

  auto stream = co_await transport.handshake(std::move(raw),
                                             std::chrono::steady_clock::now() + limits_.handshake);
  if (!stream) {
    handshake_failures_.add();
    log_.debug("handshake failed", {{"error", stream.error().detail}});
    co_return;
  }
  co_await serve_(Stream(std::move(*stream)));
}

}  // namespace ferry::net
