#include "transfers/signaling_hub.hpp"

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "transfers/message_budget.hpp"
#include "transfers/signaling_message.hpp"
#include "websocket/connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ferry::transfers {
namespace asio = boost::asio;
namespace {

using Steady = std::chrono::steady_clock;

/// A socket of the same role that announces itself this long after us came later, whatever its
/// node's clock says; within it the clocks decide, the same way on both nodes.
constexpr auto kSimultaneous = std::chrono::seconds(2);
/// How long the other role may take to say that it is still there after a gap.
constexpr auto kPresenceTimeout = std::chrono::seconds(5);
/// The connection's own limit is only a backstop: ours says why before it closes.
constexpr auto kBackstop = std::chrono::seconds(5);

constexpr Steady::time_point kNever = Steady::time_point::max();

SharedBytes shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

const SharedBytes& pong() {
  static const SharedBytes text = shared(R"({"type":"pong"})");
  return text;
}
const SharedBytes& peer_joined() {
  static const SharedBytes text = shared(R"({"type":"peer-joined"})");
  return text;
}
const SharedBytes& peer_left() {
  static const SharedBytes text = shared(R"({"type":"peer-left"})");
  return text;
}
const SharedBytes& resync() {
  static const SharedBytes text = shared(R"({"type":"resync"})");
  return text;
}

std::uint64_t random_u64() {
  std::uint64_t v = 0;
  for (const std::byte b : random_bytes(8)) {
    v = v << 8 | std::to_integer<std::uint64_t>(b);
  }
  return v;
}

}  // namespace

enum class SignalingHub::Reason : std::uint8_t {
  gone,  ///< closed by the client, the network or the WebSocket layer
  bye,
  malformed,
  token,
  wrong_role,
  too_slow,
  replaced,
  expired,
  rate_limited,
  draining,
  full,
  unavailable,
};

SignalingHub::Counters::Counters(Metrics& metrics)
    : connections(metrics.gauge("ferry_signal_connections", "Signaling sockets.")),
      rooms(metrics.gauge("ferry_rooms", "Transfers with a signaling socket on this node.")) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    messages[i] = &metrics.counter("ferry_signal_messages_total", "Messages of clients, by type.",
                                   {{"type", std::string(kMessageTypes[i])}});
  }
  constexpr std::array<std::string_view, 12> kReasons{
      "gone",     "bye",     "malformed",    "token",    "wrong_role", "too_slow",
      "replaced", "expired", "rate_limited", "draining", "full",       "unavailable"};
  for (std::size_t i = 0; i < closes.size(); ++i) {
    closes[i] =
        &metrics.counter("ferry_signal_closes_total", "Signaling sockets closed, by reason.",
                         {{"reason", std::string(kReasons[i])}});
  }
}

/// One socket. Everything happens on its loop, so there is no lock; what the bus delivers after
/// the end finds no connection.
class SignalingHub::Session final : public SignalingEvents,
                                    public std::enable_shared_from_this<Session> {
 public:
  Session(SignalingHub& hub, websocket::Connection& connection)
      : hub_(hub),
        connection_(&connection),
        executor_(connection.executor()),
        timer_(executor_),
        budget_(hub.settings_.messages_per_second, hub.settings_.burst) {}

  Awaitable<void> run();
  void drain();
  /// The connection is about to go, also when the coroutine was destroyed with its loop.
  void detach();
  const asio::any_io_executor& executor() const { return executor_; }

  void on_message(std::string_view channel, const SharedBytes& payload) override;
  void on_gap(std::string_view channel) override;

 private:
  Awaitable<bool> enter();
  bool say_hello(std::string_view text);
  Awaitable<void> leave();

  void welcome();
  void handle(std::string_view text);
  void relay(std::string_view text);
  void announce(FrameKind kind);
  void on_same_role(const FrameHeader& header);
  void on_other_role(const FrameHeader& header, const SharedBytes& payload);

  /// Sends the error that precedes a close with 44xx, and closes.
  void refuse(std::uint16_t code, ProblemType problem, std::string_view detail, Reason reason);
  void close(std::uint16_t code, std::string_view text, Reason reason);
  void send(const SharedBytes& text, std::size_t skip = 0);

  void arm(Steady::time_point when);
  void on_timer();
  Steady::time_point next_deadline() const;

  SignalingHub& hub_;
  websocket::Connection* connection_;  ///< null after leave()
  const asio::any_io_executor executor_;
  asio::steady_timer timer_;
  MessageBudget budget_;

  Role role_ = Role::none;
  TransferId room_{};
  WallTime session_expires_;
  std::string channel_;  ///< empty before a valid hello
  Presence me_;
  bool welcomed_ = false;
  Steady::time_point announced_{};

  bool peer_here_ = false;
  Presence peer_;

  Steady::time_point last_heard_ = Steady::now();
  Steady::time_point session_ends_ = kNever;
  Steady::time_point peer_deadline_ = kNever;  ///< after a gap: until then the peer must show up
  Reason reason_ = Reason::gone;
};

Awaitable<void> SignalingHub::Session::run() {
  const auto keep = shared_from_this();
  const auto& settings = hub_.settings_;
  connection_->read_limit(settings.max_hello_bytes);
  connection_->idle_limit(settings.hello_timeout + kBackstop);
  arm(next_deadline());
  const bool entered = co_await enter();
  if (entered) {
    connection_->read_limit(settings.max_message_bytes);
    connection_->idle_limit(settings.idle_timeout + kBackstop);
    welcome();
  }
  // After a close() the connection still sends what is queued; read() ends when that is done.
  for (;;) {
    const auto text = co_await connection_->read();
    if (!text) {
      break;
    }
    if (!connection_->closing()) {
      handle(*text);
    }
  }
  co_await leave();
}

Awaitable<bool> SignalingHub::Session::enter() {
  if (hub_.draining_.load(std::memory_order_relaxed)) {
    drain();
    co_return false;
  }
  const auto text = co_await connection_->read();
  if (!text || connection_->closing()) {
    co_return false;
  }
  if (!say_hello(*text)) {
    co_return false;
  }
  if (auto subscribed = co_await hub_.bus_.subscribe(channel_, weak_from_this()); !subscribed) {
    hub_.log_.warn("signaling subscription failed", {{"error", name_of(subscribed.error().code)},
                                                     {"detail", subscribed.error().detail}});
    close(1013, "signaling is not available", Reason::unavailable);
    co_return false;
  }
  // After the subscription, so that a close() on any node is seen either here or on the bus.
  const auto open = co_await hub_.transfers_.is_open(room_);
  if (connection_->closing()) {
    co_return false;
  }
  if (!open) {
    hub_.log_.warn("the state of a transfer is not readable",
                   {{"error", name_of(open.error().code)}, {"detail", open.error().detail}});
    close(1013, "storage is not available", Reason::unavailable);
    co_return false;
  }
  if (!*open) {
    refuse(4410, ProblemType::expired, "This transfer was ended.", Reason::expired);
    co_return false;
  }
  co_return true;
}

bool SignalingHub::Session::say_hello(std::string_view text) {
  Envelope message;
  auto wrong = scan_message(text, message);
  if (wrong.empty() && message.type != MessageType::hello) {
    wrong = "the first message must be hello";
  }
  if (!wrong.empty()) {
    refuse(4400, ProblemType::malformed_message, wrong, Reason::malformed);
    return false;
  }
  hub_.counters_.messages[static_cast<std::size_t>(MessageType::hello)]->add();
  const auto token = hub_.transfers_.session(message.token);
  if (!token) {
    refuse(4401, ProblemType::token_invalid, "", Reason::token);
    return false;
  }
  role_ = token->role;
  room_ = token->room;
  session_expires_ = token->expires;
  const auto left = session_expires_ - hub_.transfers_.now();
  last_heard_ = Steady::now();
  session_ends_ = last_heard_ + std::chrono::duration_cast<Steady::duration>(left);
  std::string channel = room_channel(to_text(room_));
  if (!hub_.enter_room(channel)) {
    close(1013, "this node has no room left", Reason::full);
    return false;
  }
  channel_ = std::move(channel);
  return true;
}

void SignalingHub::Session::welcome() {
  // Whoever is on this loop answers before publish() returns, so that `peer` is already right.
  me_ = hub_.new_presence();
  announced_ = Steady::now();
  announce(FrameKind::joined);
  if (connection_->closing()) {
    return;
  }
  std::string text = R"({"type":"welcome","role":")";
  text += name_of(role_);
  text += R"(","peer":)";
  text += peer_here_ ? "true" : "false";
  text += R"(,"session_expires_at":")";
  text += rfc3339(session_expires_);
  text += R"("})";
  send(shared(std::move(text)));
  welcomed_ = true;
  arm(next_deadline());
}

Awaitable<void> SignalingHub::Session::leave() {
  timer_.cancel();
  hub_.counters_.closes[static_cast<std::size_t>(reason_)]->add();
  connection_ = nullptr;
  if (welcomed_) {
    announce(FrameKind::left);
  }
  if (!channel_.empty()) {
    co_await hub_.bus_.unsubscribe(channel_, weak_from_this());
  }
}

void SignalingHub::Session::detach() {
  timer_.cancel();
  connection_ = nullptr;
  if (!channel_.empty()) {
    hub_.leave_room(channel_);
  }
}

void SignalingHub::Session::drain() {
  if (connection_ == nullptr || connection_->closing()) {
    return;
  }
  // Spread, so that the other nodes do not get everybody in one moment.
  const auto spread = static_cast<std::uint64_t>(hub_.settings_.drain_spread.count());
  const std::uint64_t wait = 100 + random_u64() % (spread + 1);
  send(shared(R"({"type":"draining","reconnect_in_ms":)" + std::to_string(wait) + "}"));
  close(1012, "draining", Reason::draining);
}

void SignalingHub::Session::handle(std::string_view text) {
  const auto now = Steady::now();
  if (!budget_.take(now)) {
    refuse(4429, ProblemType::rate_limited, "too many messages per second", Reason::rate_limited);
    return;
  }
  last_heard_ = now;
  Envelope message;
  if (const auto wrong = scan_message(text, message); !wrong.empty()) {
    refuse(4400, ProblemType::malformed_message, wrong, Reason::malformed);
    return;
  }
  hub_.counters_.messages[static_cast<std::size_t>(message.type)]->add();
  switch (message.type) {
    case MessageType::offer:
    case MessageType::answer:
    case MessageType::candidate:
    case MessageType::control:
    case MessageType::ack: relay(text); return;
    case MessageType::ping: send(pong()); return;
    case MessageType::bye: close(1000, "bye", Reason::bye); return;
    case MessageType::hello:
      refuse(4400, ProblemType::malformed_message, "hello was said already", Reason::malformed);
      return;
  }
}

void SignalingHub::Session::relay(std::string_view text) {
  FrameHeader header;
  header.kind = FrameKind::relay;
  header.role = role_;
  header.from = me_;
  if (auto sent = hub_.bus_.publish(channel_, make_frame(header, text)); !sent) {
    hub_.log_.warn("a signaling message could not be relayed",
                   {{"error", name_of(sent.error().code)}, {"detail", sent.error().detail}});
    close(1013, "signaling is overloaded", Reason::unavailable);
  }
}

void SignalingHub::Session::announce(FrameKind kind) {
  FrameHeader header;
  header.kind = kind;
  header.role = role_;
  header.from = me_;
  if (auto sent = hub_.bus_.publish(channel_, make_frame(header)); !sent) {
    hub_.log_.warn("a presence could not be announced",
                   {{"error", name_of(sent.error().code)}, {"detail", sent.error().detail}});
    // A socket that nobody hears of is worse than one that has to come again.
    if (connection_ != nullptr) {
      close(1013, "signaling is overloaded", Reason::unavailable);
    }
  }
}

void SignalingHub::Session::on_message(std::string_view, const SharedBytes& payload) {
  if (connection_ == nullptr || connection_->closing()) {
    return;
  }
  const auto header = read_frame(*payload);
  if (!header) {
    return;
  }
  if (header->kind == FrameKind::closed) {
    refuse(4410, ProblemType::expired, "This transfer was ended.", Reason::expired);
  } else if (header->role == role_) {
    on_same_role(*header);
  } else {
    on_other_role(*header, payload);
  }
}

void SignalingHub::Session::on_same_role(const FrameHeader& header) {
  // Before our own announcement nothing says who came first; the other one will hear of us.
  if (header.from == me_ || announced_ == Steady::time_point()) {
    return;
  }
  const bool joins = header.kind == FrameKind::joined;
  if (!joins && header.kind != FrameKind::again && header.kind != FrameKind::stays) {
    return;
  }
  const bool came_later = joins && Steady::now() - announced_ > kSimultaneous;
  if (came_later || header.from > me_) {
    refuse(4409, ProblemType::replaced, "", Reason::replaced);
  } else if (header.kind != FrameKind::stays) {
    announce(FrameKind::stays);
  }
}

void SignalingHub::Session::on_other_role(const FrameHeader& header, const SharedBytes& payload) {
  switch (header.kind) {
    case FrameKind::relay:
      // Before the welcome the client expects nothing; the peer resends after peer-joined.
      if (welcomed_) {
        send(payload, kFrameHeader);
      }
      return;
    case FrameKind::joined:
    case FrameKind::present:
    case FrameKind::stays:
    case FrameKind::again: {
      // What a socket said before its successor joined may arrive after it.
      if (peer_here_ && header.kind != FrameKind::joined && header.from < peer_) {
        return;
      }
      const bool fresh = !peer_here_ || peer_ != header.from;
      peer_here_ = true;
      peer_ = header.from;
      peer_deadline_ = kNever;
      if (!welcomed_) {
        return;
      }
      if (fresh) {
        send(peer_joined());
      } else if (header.kind == FrameKind::again) {
        send(resync());  // what our client sent may not have arrived there
      }
      if (header.kind == FrameKind::joined || header.kind == FrameKind::again) {
        announce(FrameKind::present);
      }
      return;
    }
    case FrameKind::left:
      // A socket that was replaced leaves after its successor came.
      if (peer_here_ && peer_ == header.from) {
        peer_here_ = false;
        peer_deadline_ = kNever;
        if (welcomed_) {
          send(peer_left());
          // Where clocks disagree, the one that left may hide a successor: that one answers.
          announce(FrameKind::again);
        }
      }
      return;
    case FrameKind::closed: return;
  }
}

void SignalingHub::Session::on_gap(std::string_view) {
  if (connection_ == nullptr || connection_->closing() || !welcomed_) {
    return;
  }
  send(resync());
  if (peer_here_) {
    peer_deadline_ = Steady::now() + kPresenceTimeout;
    arm(next_deadline());
  }
  announce(FrameKind::again);
}

void SignalingHub::Session::refuse(std::uint16_t code, ProblemType problem, std::string_view detail,
                                   Reason reason) {
  if (connection_->closing()) {
    return;
  }
  const auto& type = info(problem);
  json::object error;
  error["type"] = "error";
  error["problem"] = type.slug;
  error["detail"] = detail.empty() ? type.title : detail;
  send(shared(json::serialize(error)));
  close(code, type.slug, reason);
}

void SignalingHub::Session::close(std::uint16_t code, std::string_view text, Reason reason) {
  if (connection_->closing()) {
    return;
  }
  reason_ = reason;
  connection_->close(code, text);
}

void SignalingHub::Session::send(const SharedBytes& text, std::size_t skip) {
  connection_->send(text, skip);
}

Steady::time_point SignalingHub::Session::next_deadline() const {
  const auto& settings = hub_.settings_;
  const auto idle = last_heard_ + (welcomed_ ? settings.idle_timeout : settings.hello_timeout);
  return std::min({idle, session_ends_, peer_deadline_});
}

/// The timer is not moved for every message: it fires at the time it was armed for and looks.
void SignalingHub::Session::arm(Steady::time_point when) {
  timer_.expires_at(when);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& failed) {
    if (failed) {
      return;
    }
    if (const auto self = weak.lock(); self && self->connection_ != nullptr) {
      self->on_timer();
    }
  });
}

void SignalingHub::Session::on_timer() {
  const auto now = Steady::now();
  if (connection_->closing()) {
    return;
  }
  if (now >= session_ends_) {
    refuse(4410, ProblemType::expired, "The session has ended.", Reason::expired);
    return;
  }
  if (now >= peer_deadline_) {
    peer_deadline_ = kNever;
    peer_here_ = false;
    send(peer_left());
  }
  if (next_deadline() <= now) {
    refuse(4408, ProblemType::too_slow,
           welcomed_ ? "nothing was heard for too long" : "no hello in time", Reason::too_slow);
    return;
  }
  arm(next_deadline());
}

SignalingHub::SignalingHub(Signaling& bus, TransferService& transfers, Logger& log,
                           Metrics& metrics)
    : bus_(bus),
      transfers_(transfers),
      settings_(transfers.settings()),
      log_(log),
      counters_(metrics) {}

SignalingHub::~SignalingHub() = default;

Awaitable<void> SignalingHub::serve(websocket::Connection& connection) {
  const auto session = std::make_shared<Session>(*this, connection);
  add(session);
  struct Removal {
    SignalingHub& hub;
    Session& session;
    ~Removal() {
      session.detach();
      hub.remove(&session);
    }
  } const removal{*this, *session};
  co_await session->run();
}

void SignalingHub::drain() {
  draining_.store(true, std::memory_order_relaxed);
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, weak] : sessions_) {
      if (auto session = weak.lock()) {
        sessions.push_back(std::move(session));
      }
    }
  }
  for (auto& session : sessions) {
    const auto executor = session->executor();
    asio::post(executor, [session = std::move(session)] { session->drain(); });
  }
}

std::size_t SignalingHub::connections() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

Presence SignalingHub::new_presence() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto since = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  // Strictly growing on one node, also when its clock is set back.
  std::uint64_t last = last_since_.load(std::memory_order_relaxed);
  do {
    since = std::max(since, last + 1);
  } while (!last_since_.compare_exchange_weak(last, since, std::memory_order_relaxed));
  Presence presence;
  presence.since = since;
  presence.random = random_u64();
  return presence;
}

void SignalingHub::add(const std::shared_ptr<Session>& session) {
  counters_.connections.add(1);
  const std::lock_guard lock(mutex_);
  sessions_.emplace(session.get(), session);
}

void SignalingHub::remove(Session* session) {
  counters_.connections.add(-1);
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

bool SignalingHub::enter_room(const std::string& channel) {
  const std::lock_guard lock(mutex_);
  const auto known = rooms_.find(channel);
  if (known != rooms_.end()) {
    ++known->second;
    return true;
  }
  if (rooms_.size() >= settings_.max_rooms_per_node) {
    return false;
  }
  rooms_.emplace(channel, 1);
  counters_.rooms.set(static_cast<std::int64_t>(rooms_.size()));
  return true;
}

void SignalingHub::leave_room(const std::string& channel) {
  const std::lock_guard lock(mutex_);
  const auto known = rooms_.find(channel);
  if (known != rooms_.end() && --known->second == 0) {
    rooms_.erase(known);
    counters_.rooms.set(static_cast<std::int64_t>(rooms_.size()));
  }
}

}  // namespace ferry::transfers
