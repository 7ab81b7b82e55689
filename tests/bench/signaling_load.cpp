// ferry-bench-signaling: load for one signaling server that speaks docs/reference (HTTP create and
// join, WebSocket ferry.signal.v1). One thread, one epoll. Prints one line of JSON.
//
//   --port P --rooms R --bytes S --window W --seconds T [--pid A,B]   relay, W messages in flight
//   per
//                                                                     room, each answered by one
//   --port P --sessions N --concurrency C [--pid A,B]                 whole sessions
//   --port P --idle N                                                 joins N and holds them until
//                                                                     stdin ends
// With --pid the CPU time of those processes during the measured interval is reported too.
#include "load.hpp"

#include <memory>
#include <poll.h>
#include <sys/epoll.h>

namespace load {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kConnecting = 128;

enum class Opcode : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

std::uint32_t random_mask() {
  static std::uint64_t state = 0x9E3779B97F4A7C15;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return static_cast<std::uint32_t>(state >> 16) | 1;
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  out.push_back(static_cast<char>(0x80 | static_cast<int>(opcode)));
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(0x80 | payload.size()));
  } else if (payload.size() < 65536) {
    out.push_back(static_cast<char>(0x80 | 126));
    out.push_back(static_cast<char>(payload.size() >> 8));
    out.push_back(static_cast<char>(payload.size() & 0xff));
  } else {
    fail("a frame above 64 KiB");
  }
  const std::uint32_t mask = random_mask();
  const std::uint64_t wide = mask | static_cast<std::uint64_t>(mask) << 32;
  out.append(reinterpret_cast<const char*>(&mask), 4);
  const std::size_t start = out.size();
  out.append(payload);
  char* bytes = out.data() + start;
  std::size_t at = 0;
  for (; at + 8 <= payload.size(); at += 8) {
    std::uint64_t word;
    memcpy(&word, bytes + at, 8);
    word ^= wide;
    memcpy(bytes + at, &word, 8);
  }
  for (; at < payload.size(); ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ reinterpret_cast<const char*>(&wide)[at % 8]);
  }
}

struct Client {
  enum class State { idle, upgrading, greeting, ready, closed };
  int fd = -1;
  State state = State::idle;
  std::uint32_t epoll_events = 0;
  std::string token;
  Client* peer = nullptr;
  std::string in;   // an incomplete frame or head
  std::string out;  // what the socket has not taken yet
  bool offers = false;
  bool dirty = false;
  bool peer_here = false;
  bool close_sent = false;
  std::uint64_t sent = 0;      // highest seq sent
  std::uint64_t received = 0;  // highest seq received
};

/// What to do with the connections: one class per workload.
class Workload {
 public:
  virtual ~Workload() = default;
  /// Both sides of the room know of each other; called once per client.
  virtual void ready(Client&) {}
  virtual void message(Client&, std::string_view) {}
  virtual void closed(Client&, bool clean) {
    (void)clean;
    fail("the server closed a connection");
  }
};

class Engine {
 public:
  Engine(std::uint16_t port, Workload& workload)
      : port_(port),
        workload_(workload),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        buffer_(kReadBytes) {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() { close(epoll_); }

  std::size_t greeted() const { return greeted_; }
  std::size_t connecting() const { return connecting_; }

  void start(Client& client) {
    client.fd = connect_to(port_, SOCK_NONBLOCK);
    client.state = Client::State::upgrading;
    client.out =
        "GET /api/signal HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ferry.signal.v1\r\n\r\n";
    ++connecting_;
    watch(client, EPOLLIN | EPOLLOUT);
  }

  void send(Client& client, std::string_view text) {
    append_frame(client.out, Opcode::text, text);
    mark(client);
  }

  void finish(Client& client) {
    if (!client.close_sent) {
      append_frame(client.out, Opcode::close, std::string_view("\x03\xe8", 2));
      client.close_sent = true;
      mark(client);
    }
  }

  /// One round of epoll; at most `timeout` ms.
  void turn(int timeout) {
    flush_dirty();
    std::array<epoll_event, 512> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
    if (count < 0 && errno != EINTR) {
      fail_errno("epoll_wait");
    }
    for (int i = 0; i < count; ++i) {
      Client& client = *static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
      const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
      if (client.state != Client::State::closed && (what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        read(client);
      }
      if (client.state != Client::State::closed && (what & EPOLLOUT) != 0) {
        mark(client);
      }
    }
    flush_dirty();
  }

 private:
  void watch(Client& client, std::uint32_t events) {
    if (client.epoll_events == events) {
      return;
    }
    epoll_event event{};
    event.events = events;
    event.data.ptr = &client;
    if (epoll_ctl(epoll_, client.epoll_events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, client.fd,
                  &event) != 0) {
      fail_errno("epoll_ctl");
    }
    client.epoll_events = events;
  }

  void mark(Client& client) {
    if (!client.dirty) {
      client.dirty = true;
      dirty_.push_back(&client);
    }
  }

  void flush_dirty() {
    // A flush may close a client, and closing may start the next one: go by index.
    for (std::size_t i = 0; i < dirty_.size(); ++i) {
      dirty_[i]->dirty = false;
      if (dirty_[i]->state != Client::State::closed) {
        flush(*dirty_[i]);
      }
    }
    dirty_.clear();
  }

  void flush(Client& client) {
    std::size_t done = 0;
    while (done < client.out.size()) {
      const ssize_t sent =
          ::send(client.fd, client.out.data() + done, client.out.size() - done, MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EAGAIN || errno == ENOTCONN) {
          break;
        }
        drop(client);
        return;
      }
      done += static_cast<std::size_t>(sent);
    }
    client.out.erase(0, done);
    watch(client, client.out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
  }

  void drop(Client& client) {
    if (client.state == Client::State::upgrading) {
      --connecting_;
    }
    close(client.fd);
    client.fd = -1;
    client.epoll_events = 0;
    client.state = Client::State::closed;
    workload_.closed(client, client.close_sent);
  }

  void read(Client& client) {
    while (true) {
      // An incomplete frame of the last time goes in front, so that frames are always contiguous.
      const std::size_t kept = client.in.size();
      if (kept > 0) {
        memcpy(buffer_.data(), client.in.data(), kept);
        client.in.clear();
      }
      const ssize_t got = recv(client.fd, buffer_.data() + kept, buffer_.size() - kept, 0);
      if (got <= 0) {
        client.in.assign(buffer_.data(), kept);
        if (got < 0 && errno == EAGAIN) {
          return;
        }
        drop(client);
        return;
      }
      const std::size_t total = kept + static_cast<std::size_t>(got);
      const std::size_t used = consume(client, std::string_view(buffer_.data(), total));
      if (client.state == Client::State::closed) {
        return;
      }
      client.in.assign(buffer_.data() + used, total - used);
      if (total < buffer_.size()) {
        return;
      }
    }
  }

  std::size_t consume(Client& client, std::string_view bytes) {
    std::size_t used = 0;
    if (client.state == Client::State::upgrading) {
      const auto head = parse_head(bytes);
      if (!head) {
        return 0;
      }
      const std::string_view text = bytes.substr(0, head->head_bytes);
      if (head->status != 101 || header(text, "Sec-WebSocket-Protocol") != "ferry.signal.v1" ||
          header(text, "Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") {
        fail("upgrade refused: " + std::string(bytes.substr(0, 400)));
      }
      used = head->head_bytes;
      --connecting_;
      client.state = Client::State::greeting;
      send(client, R"({"type":"hello","token":")" + client.token + "\"}");
    }
    while (client.state != Client::State::closed && bytes.size() - used >= 2) {
      const auto* at = reinterpret_cast<const unsigned char*>(bytes.data()) + used;
      std::size_t head = 2;
      std::size_t length = at[1] & 0x7f;
      if (length == 126) {
        head = 4;
        if (bytes.size() - used < head) {
          break;
        }
        length = static_cast<std::size_t>(at[2]) << 8 | at[3];
      } else if (length == 127) {
        fail("a frame above 64 KiB from the server");
      }
      if ((at[0] & 0xf0) != 0x80 || (at[1] & 0x80) != 0) {
        fail("a fragmented, masked or reserved frame from the server");
      }
      if (bytes.size() - used < head + length) {
        break;
      }
      const std::string_view payload = bytes.substr(used + head, length);
      used += head + length;
      frame(client, static_cast<Opcode>(at[0] & 0x0f), payload);
    }
    return used;
  }

  void frame(Client& client, Opcode opcode, std::string_view payload) {
    switch (opcode) {
      case Opcode::text: text(client, payload); break;
      case Opcode::ping:
        append_frame(client.out, Opcode::pong, payload);
        mark(client);
        break;
      case Opcode::pong: break;
      case Opcode::close:
        if (!client.close_sent) {
          fail("closed by the server: " + std::string(payload.size() > 2 ? payload.substr(2) : ""));
        }
        break;  // the server closes the TCP connection first (RFC 6455, 7.1.1)
      case Opcode::binary: fail("a binary frame from the server");
    }
  }

  void text(Client& client, std::string_view payload) {
    if (client.state == Client::State::greeting) {
      if (payload.find(R"("welcome")") == std::string_view::npos) {
        fail("no welcome but " + std::string(payload));
      }
      client.state = Client::State::ready;
      ++greeted_;
      if (payload.find(R"("peer":true)") != std::string_view::npos) {
        peer_arrived(client);
      }
      return;
    }
    if (payload.find(R"("peer-joined")") != std::string_view::npos && payload.size() < 64) {
      peer_arrived(client);
      return;
    }
    if (client.close_sent && payload.find(R"("peer-left")") != std::string_view::npos) {
      return;
    }
    if (payload.find(R"("error")") != std::string_view::npos && payload.size() < 512) {
      fail("the server answered " + std::string(payload));
    }
    workload_.message(client, payload);
  }

  void peer_arrived(Client& client) {
    if (!client.peer_here) {
      client.peer_here = true;
      workload_.ready(client);
    }
  }

  std::uint16_t port_;
  Workload& workload_;
  int epoll_;
  std::vector<char> buffer_;
  std::vector<Client*> dirty_;
  std::size_t connecting_ = 0;
  std::size_t greeted_ = 0;
};

/// Creates `rooms` transfers and joins them; two clients per room, next to each other.
std::vector<std::unique_ptr<Client>> open_rooms(std::uint16_t port, std::size_t rooms) {
  HttpClient http(port);
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < rooms; ++i) {
    const auto created = http.request(post("/api/transfer/create", "{}"));
    if (created.status != 201) {
      fail("create answered " + std::to_string(created.status) + " " + created.body);
    }
    const auto joined = http.request(
        post("/api/transfer/join", R"({"code":")" + json_text(created.body, "code") + "\"}"));
    if (joined.status != 200) {
      fail("join answered " + std::to_string(joined.status) + " " + joined.body);
    }
    auto sender = std::make_unique<Client>();
    auto receiver = std::make_unique<Client>();
    sender->token = json_text(created.body, "token");
    receiver->token = json_text(joined.body, "token");
    sender->offers = true;
    sender->peer = receiver.get();
    receiver->peer = sender.get();
    clients.push_back(std::move(sender));
    clients.push_back(std::move(receiver));
  }
  return clients;
}

/// Connects all of them, a bounded number at once, until every one has its welcome.
void connect_all(Engine& engine, std::vector<std::unique_ptr<Client>>& clients) {
  const double deadline = now() + 60;
  std::size_t next = 0;
  while (engine.greeted() < clients.size()) {
    while (next < clients.size() && engine.connecting() < kConnecting &&
           next < engine.greeted() + 2 * kConnecting) {
      engine.start(*clients[next++]);
    }
    engine.turn(100);
    if (now() > deadline) {
      fail("only " + std::to_string(engine.greeted()) + " of " + std::to_string(clients.size()) +
           " connections were welcomed in 60 s");
    }
  }
}

/// `{"type":…,"seq":n,"ack":m,"payload":{…}}` of exactly `bytes` bytes (or the shortest there is).
class MessageMaker {
 public:
  MessageMaker(std::string type, std::size_t bytes)
      : front_(R"({"type":")" + type + R"(","seq":)") {
    const std::string_view line =
        "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.17 rport "
        "46154 generation 0 ufrag EsAw network-cost 999 ";
    for (std::size_t i = 0; filler_.size() < bytes; ++i) {
      filler_ += line[i % line.size()];
    }
    bytes_ = bytes;
  }

  std::string_view make(std::uint64_t seq, std::uint64_t ack) {
    static constexpr std::string_view kMiddle = R"(,"payload":{"candidate":{"candidate":")";
    static constexpr std::string_view kEnd = R"(","sdpMid":"0","sdpMLineIndex":0}}})";
    text_.assign(front_);
    append_number(seq);
    text_.append(R"(,"ack":)");
    append_number(ack);
    text_.append(kMiddle);
    const std::size_t fixed = text_.size() + kEnd.size();
    text_.append(filler_, 0, bytes_ > fixed ? bytes_ - fixed : 0);
    text_.append(kEnd);
    return text_;
  }

 private:
  void append_number(std::uint64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    text_.append(digits.data(), end.ptr);
  }

  std::string front_;
  std::string filler_;
  std::string text_;
  std::size_t bytes_ = 0;
};

std::uint64_t seq_of(std::string_view message) {
  const std::size_t at = message.find(R"("seq":)");
  std::uint64_t seq = 0;
  if (at == std::string_view::npos || at > 64) {
    fail("not a relayed message: " + std::string(message.substr(0, 200)));
  }
  std::from_chars(message.data() + at + 6, message.data() + message.size(), seq);
  return seq;
}

class Relay : public Workload {
 public:
  Relay(std::size_t bytes) : maker_("candidate", bytes), bytes_(bytes) {}

  void engine(Engine& engine) { engine_ = &engine; }
  std::uint64_t relayed() const { return relayed_; }
  std::size_t ready_count() const { return ready_; }

  void ready(Client&) override { ++ready_; }

  void message(Client& client, std::string_view text) override {
    if (seq_of(text) != client.received + 1 || text.size() < bytes_) {
      fail("message lost, doubled or cut: " + std::string(text.substr(0, 100)));
    }
    ++client.received;
    ++relayed_;
    say(client);
  }

  void say(Client& client) { engine_->send(client, maker_.make(++client.sent, client.received)); }

 private:
  Engine* engine_ = nullptr;
  MessageMaker maker_;
  std::size_t bytes_;
  std::size_t ready_ = 0;
  std::uint64_t relayed_ = 0;
};

void print_cpu(const std::string& pids, double cpu, double per) {
  if (!pids.empty()) {
    printf(",\"cpu_seconds\":%.3f,\"cpu_us_per_unit\":%.4f", cpu, cpu * 1e6 / per);
  }
}

void run_relay(const Options& options, std::uint16_t port) {
  const std::size_t rooms = options.count("rooms", 50);
  const std::size_t bytes = options.count("bytes", 400);
  const std::size_t window = options.count("window", 1);
  const double seconds = options.number("seconds", 5);
  const double warmup = options.number("warmup", 1);
  const std::string pids = options.text("pid", "");
  Relay relay(bytes);
  Engine engine(port, relay);
  relay.engine(engine);
  auto clients = open_rooms(port, rooms);
  connect_all(engine, clients);
  for (const double deadline = now() + 10; relay.ready_count() < clients.size();) {
    engine.turn(100);
    if (now() > deadline) {
      fail("not every client was told of its peer");
    }
  }
  for (std::size_t i = 0; i < clients.size(); i += 2) {
    for (std::size_t n = 0; n < window; ++n) {
      relay.say(*clients[i]);
    }
  }
  const auto run_until = [&](double end) {
    while (now() < end) {
      engine.turn(50);
    }
  };
  run_until(now() + warmup);
  const double cpu_before = pids.empty() ? 0 : cpu_seconds(pids);
  const std::uint64_t before = relay.relayed();
  const double own_before = cpu_seconds(std::to_string(getpid()));
  const double start = now();
  run_until(start + seconds);
  const double elapsed = now() - start;
  const double cpu = pids.empty() ? 0 : cpu_seconds(pids) - cpu_before;
  const double own = cpu_seconds(std::to_string(getpid())) - own_before;
  const std::uint64_t relayed = relay.relayed() - before;
  std::uint64_t least = UINT64_MAX;
  for (const auto& client : clients) {
    least = std::min(least, client->received);
  }
  if (relayed == 0 || least == 0) {
    fail("a room stood still");
  }
  printf(
      "{\"workload\":\"relay\",\"rooms\":%zu,\"bytes\":%zu,\"window\":%zu,\"seconds\":%.3f,"
      "\"units\":%llu,\"units_per_second\":%.0f,\"load_cpu_share\":%.2f",
      rooms, bytes, window, elapsed, static_cast<unsigned long long>(relayed),
      static_cast<double>(relayed) / elapsed, own / elapsed);
  print_cpu(pids, cpu, static_cast<double>(relayed));
  printf("}\n");
}

/// A session: offer and answer, six candidates each way, both closed with 1000.
class Sessions : public Workload {
 public:
  void engine(Engine& engine) { engine_ = &engine; }
  std::size_t done() const { return closed_ / 2; }

  void ready(Client& client) override {
    if (client.offers) {
      engine_->send(client, offer_.make(++client.sent, client.received));
    }
  }

  void message(Client& client, std::string_view text) override {
    const std::uint64_t seq = seq_of(text);
    if (seq != client.received + 1) {
      fail("message lost or doubled");
    }
    ++client.received;
    if (seq == 1) {
      if (client.sent == 0) {
        engine_->send(client, answer_.make(++client.sent, client.received));
      }
      for (int i = 0; i < 6; ++i) {
        engine_->send(client, candidate_.make(++client.sent, client.received));
      }
    }
    if (client.received == 7 && client.peer->received == 7) {
      engine_->finish(client);
      engine_->finish(*client.peer);
    }
  }

  void closed(Client&, bool clean) override {
    if (!clean) {
      fail("the server closed a connection within a session");
    }
    ++closed_;
  }

 private:
  Engine* engine_ = nullptr;
  MessageMaker offer_{"offer", 2000};
  MessageMaker answer_{"answer", 1500};
  MessageMaker candidate_{"candidate", 250};
  std::size_t closed_ = 0;
};

void run_sessions(const Options& options, std::uint16_t port) {
  const std::size_t sessions = options.count("sessions", 2000);
  const std::size_t concurrency = options.count("concurrency", 32);
  const std::string pids = options.text("pid", "");
  Sessions workload;
  Engine engine(port, workload);
  workload.engine(engine);
  const std::size_t warmup = options.count("warmup", sessions / 10);
  const std::size_t total = warmup + sessions;
  auto clients = open_rooms(port, total);
  double cpu_before = 0;
  double start = 0;
  std::size_t counted_from = 0;
  std::size_t started = 0;
  double progress = now();
  for (std::size_t last = 0; workload.done() < total;) {
    if (start == 0 && workload.done() >= warmup) {
      counted_from = workload.done();
      cpu_before = pids.empty() ? 0 : cpu_seconds(pids);
      start = now();
    }
    while (started < total && started - workload.done() < concurrency) {
      engine.start(*clients[2 * started]);
      engine.start(*clients[2 * started + 1]);
      ++started;
    }
    engine.turn(100);
    if (workload.done() > last) {
      last = workload.done();
      progress = now();
    } else if (now() > progress + 10) {
      fail("no session ended in 10 s, " + std::to_string(last) + " did before");
    }
  }
  const double elapsed = now() - start;
  const double cpu = pids.empty() ? 0 : cpu_seconds(pids) - cpu_before;
  const std::size_t counted = total - counted_from;
  printf(
      "{\"workload\":\"sessions\",\"concurrency\":%zu,\"seconds\":%.3f,\"units\":%zu,"
      "\"units_per_second\":%.0f",
      concurrency, elapsed, counted, static_cast<double>(counted) / elapsed);
  print_cpu(pids, cpu, static_cast<double>(counted));
  printf("}\n");
}

void run_idle(const Options& options, std::uint16_t port) {
  Workload workload;
  Engine engine(port, workload);
  auto clients = open_rooms(port, (options.count("idle", 1000) + 1) / 2);
  connect_all(engine, clients);
  printf("{\"workload\":\"idle\",\"units\":%zu}\n", clients.size());
  fflush(stdout);
  pollfd input{STDIN_FILENO, POLLIN, 0};
  // Pings are answered meanwhile; a held connection is dropped by ten minutes without a driver.
  for (const double end = now() + 600; now() < end;) {
    engine.turn(20);
    char byte = 0;
    if (poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0) {
      return;
    }
  }
}

int run(int argc, char** argv) {
  const Options options(argc, argv,
                        {"port", "rooms", "bytes", "window", "seconds", "warmup", "sessions",
                         "concurrency", "idle", "pid"});
  const auto port = static_cast<std::uint16_t>(options.count("port", 0));
  if (port == 0) {
    fail("--port is needed; see the top of signaling_load.cpp");
  }
  if (options.has("idle")) {
    run_idle(options, port);
  } else if (options.has("sessions")) {
    run_sessions(options, port);
  } else {
    run_relay(options, port);
  }
  return 0;
}

}  // namespace
}  // namespace load

int main(int argc, char** argv) {
  return load::run(argc, argv);
}
