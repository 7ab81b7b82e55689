#include "websocket/session.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <sys/socket.h>
#include <sys/uio.h>

namespace ferry::websocket {
namespace asio = boost::asio;
using Clock = net::Expiry::Clock;
namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kGather = 64;    // buffers in one system call: two per frame
constexpr unsigned kMaxControls = 10;  // per second
constexpr unsigned kMissedPings = 2;

}  // namespace

/// While a session hands out messages that it received together, what they cause to be sent on
/// this loop is held back, and leaves in one write per peer with the last of them. A posted flush
/// stands behind that, in case the receiving code suspends in between.
class Corks {
 public:
  static Corks& here() {
    static thread_local Corks corks;
    return corks;
  }

  bool closed() const noexcept { return depth_; }
  void hold() noexcept { depth_ = true; }

  void add(Session& session) {
    if (session.corked_) {
      return;
    }
    session.corked_ = true;
    held_.push_back(&session);
    if (!posted_) {
      posted_ = true;
      asio::post(session.stream_.get_executor(), [] {
        here().posted_ = false;
        here().release();
      });
    }
  }

  void remove(Session& session) noexcept {
    if (session.corked_) {
      session.corked_ = false;
      std::erase(held_, &session);
    }
  }

  void release() {
    depth_ = false;
    while (!held_.empty()) {
      auto* session = held_.back();
      held_.pop_back();
      session->corked_ = false;
      session->flush();
    }
  }

 private:
  bool depth_ = false;
  bool posted_ = false;
  std::vector<Session*> held_;
};

std::shared_ptr<Session> Session::make(net::Stream stream, std::string_view early,
                                       SessionOptions options) {
  std::shared_ptr<Session> session(new Session(std::move(stream), options));
  session->start(early);
  return session;
}

Session::Session(net::Stream stream, SessionOptions options)
    : stream_(std::move(stream)),
      options_(options),
      socket_(stream_.impl().sendfile_socket()),
      timer_(stream_.get_executor(), [this] { on_timer(); }),
      heard_(Clock::now()),
      asked_(heard_),
      controls_since_(heard_) {
  next_ping_ = heard_ + options_.ping;
}

Session::~Session() {
  Corks::here().remove(*this);
}

void Session::start(std::string_view early) {
  while (!early.empty()) {
    const auto space = decoder_.prepare();
    const auto n = std::min(space.size(), early.size());
    std::copy_n(early.begin(), n, space.begin());
    decoder_.commit(n);
    early.remove_prefix(n);
  }
  arm();
}

void Session::idle_limit(std::chrono::milliseconds limit) {
  idle_ = limit;
  asked_ = Clock::now();
  arm();
}

Awaitable<std::optional<std::string_view>> Session::read() {
  const auto self = shared_from_this();
  auto& corks = Corks::here();
  bool first_wait = true;
  while (state_ != State::dead && !close_received_) {
    const auto event = decoder_.next();
    if (event.kind != Event::Kind::more) {
      if (auto text = handle(event)) {
        if (decoder_.ready()) {
          corks.hold();  // what the last one causes leaves with the rest, by the next read()
        }
        co_return text;
      }
      continue;
    }
    if (corks.closed()) {
      corks.release();
    }
    waiting_ = true;
    if (std::exchange(first_wait, false)) {
      asked_ = Clock::now();
    }
    const bool received = co_await receive();
    waiting_ = false;
    if (!received) {
      break;
    }
  }
  if (corks.closed()) {
    corks.release();
  }
  co_return std::nullopt;
}

Awaitable<bool> Session::receive() {
  const auto space = decoder_.prepare();
  const auto [ec, n] =
      co_await stream_.async_read_some(asio::buffer(space.data(), space.size()), kTuple);
  if (ec || n == 0) {
    fail();
    co_return false;
  }
  heard_ = Clock::now();
  unanswered_ = 0;
  decoder_.commit(n);
  co_return true;
}

std::optional<std::string_view> Session::handle(const Event& event) {
  switch (event.kind) {
    case Event::Kind::text:
      // After our close frame nothing the peer says counts any more.
      return state_ == State::open ? std::optional(event.payload) : std::nullopt;
    case Event::Kind::ping:
      if (control_allowed() && state_ == State::open) {
        enqueue(Opcode::pong, std::make_shared<const std::string>(event.payload), 0);
      }
      break;
    case Event::Kind::pong: control_allowed(); break;
    case Event::Kind::close:
      close_received_ = true;
      close(event.code == 1005 ? 1000 : event.code, {});
      after_flush();
      break;
    case Event::Kind::failure:
      close(event.code, event.payload);
      close_received_ = true;  // nothing more will be understood
      after_flush();
      break;
    case Event::Kind::more: break;
  }
  return std::nullopt;
}

bool Session::control_allowed() {
  if (heard_ - controls_since_ >= std::chrono::seconds(1)) {
    controls_since_ = heard_;
    controls_ = 0;
  }
  if (++controls_ <= kMaxControls) {
    return true;
  }
  close(1008, "too many control frames");
  return false;
}

bool Session::send(SharedBytes text, std::size_t skip) {
  if (state_ != State::open) {
    return false;
  }
  if (queued_bytes_ + (text->size() - skip) > options_.outbox) {
    close(1013, "the client reads too slowly");
    return false;
  }
  enqueue(Opcode::text, std::move(text), skip);
  return state_ == State::open;
}

void Session::close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::open) {
    return;
  }
  state_ = State::closing;
  code_ = code;
  close_by_ = Clock::now() + options_.closing;
  arm();
  enqueue(Opcode::close, std::make_shared<const std::string>(close_payload(code, reason)), 0);
}

void Session::enqueue(Opcode opcode, SharedBytes body, std::size_t skip) {
  queue_.emplace_back(opcode, std::move(body), skip);
  queued_bytes_ += queue_.back().size();
  if (writing_) {
    return;
  }
  if (auto& corks = Corks::here(); corks.closed()) {
    corks.add(*this);
  } else {
    flush();
  }
}

void Session::flush() {
  if (writing_ || state_ == State::dead) {
    return;
  }
  if (socket_ >= 0) {
    write_queued();
  } else if (!queue_.empty()) {
    write_async();
  }
  if (!writing_) {
    after_flush();
  }
}

void Session::write_queued() {
  std::array<iovec, kGather> vectors;
  while (!queue_.empty()) {
    std::size_t n = 0;
    std::size_t skip = offset_;
    const auto add = [&](const void* data, std::size_t size) {
      if (skip >= size) {
        skip -= size;
      } else {
        vectors[n++] = {const_cast<char*>(static_cast<const char*>(data)) + skip, size - skip};
        skip = 0;
      }
    };
    for (const auto& item : queue_) {
      if (n + 2 > kGather) {
        break;
      }
      add(item.header.bytes.data(), item.header.size);
      add(item.body->data() + item.skip, item.body->size() - item.skip);
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = n;
    const auto sent = ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      consume(queue_, static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      write_async();
      return;
    } else if (errno != EINTR) {
      fail();
      return;
    }
  }
}

void Session::write_async() {
  if (inflight_.empty()) {
    inflight_.swap(queue_);
  }
  writing_ = true;
  buffers_.clear();
  std::size_t skip = offset_;
  const auto add = [&](const void* data, std::size_t size) {
    if (skip >= size) {
      skip -= size;
    } else {
      buffers_.emplace_back(static_cast<const char*>(data) + skip, size - skip);
      skip = 0;
    }
  };
  for (const auto& item : inflight_) {
    if (buffers_.size() + 2 > kGather) {
      break;
    }
    add(item.header.bytes.data(), item.header.size);
    add(item.body->data() + item.skip, item.body->size() - item.skip);
  }
  stream_.impl().write_some(
      buffers_, IoHandler([self = shared_from_this()](boost::system::error_code ec, std::size_t n) {
        self->writing_ = false;
        if (ec || self->state_ == State::dead) {
          self->fail();
          return;
        }
        if (self->consume(self->inflight_, n)) {
          self->flush();
        } else {
          self->write_async();
        }
      }));
}

/// Takes sent bytes off; true when nothing is left.
bool Session::consume(std::vector<Item>& items, std::size_t bytes) {
  queued_bytes_ -= bytes;
  offset_ += bytes;
  std::size_t done = 0;
  while (done < items.size() && offset_ >= items[done].size()) {
    offset_ -= items[done].size();
    ++done;
  }
  items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(done));
  return items.empty();
}

/// Our side of the stream ends once the closing handshake is done.
void Session::after_flush() {
  const bool sent = state_ == State::closing && queue_.empty() && inflight_.empty();
  if (sent && close_received_ && !std::exchange(shut_down_, true)) {
    stream_.impl().shutdown(DoneHandler([self = shared_from_this()](boost::system::error_code) {}));
  }
}

void Session::fail() noexcept {
  state_ = State::dead;
  if (!writing_) {
    queue_.clear();
    inflight_.clear();
    queued_bytes_ = 0;
    offset_ = 0;
  }
  timer_.disarm();
  stream_.close();
}

void Session::abort() noexcept {
  fail();
}

Awaitable<void> Session::finish() {
  const auto self = shared_from_this();
  close(1000, {});
  // Ends with the peer's end of stream, or close_by_. Closing earlier, with bytes of the peer
  // unread, would make the kernel reset the connection and take our close frame with it.
  for (bool received = true; received && state_ != State::dead;) {
    if (!close_received_) {
      if (const auto event = decoder_.next(); event.kind != Event::Kind::more) {
        handle(event);
        continue;
      }
    } else {
      decoder_ = Decoder();
    }
    received = co_await receive();
  }
  fail();
}

void Session::arm() {
  auto when = std::min(next_ping_, close_by_);
  if (idle_.count() > 0 && state_ == State::open) {
    when = std::min(when, asked_ + idle_);
  }
  timer_.at(when);
}

void Session::on_timer() {
  const auto self = weak_from_this().lock();
  if (!self || state_ == State::dead) {
    return;
  }
  const auto now = Clock::now();
  if (now >= close_by_) {
    fail();
    return;
  }
  if (state_ == State::open && idle_.count() > 0 && now >= asked_ + idle_) {
    if (waiting_) {
      close(4408, "nothing was heard for too long");
    } else {
      asked_ = now;
    }
  }
  if (now >= next_ping_) {
    if (unanswered_ == kMissedPings) {
      fail();
      return;
    }
    ++unanswered_;
    next_ping_ = now + options_.ping;
    if (state_ == State::open) {
      static const auto empty = std::make_shared<const std::string>();
      enqueue(Opcode::ping, empty, 0);
    }
  }
  arm();
}

}  // namespace ferry::websocket
