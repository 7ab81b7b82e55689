#include "transfers/signaling_hub.hpp"

#include "support/memory_backends.hpp"
#include "support/test_socket.hpp"

#include <gtest/gtest.h>
#include <mutex>
#include <regex>

using namespace ferry;
using namespace ferry::transfers;
using namespace std::chrono_literals;
using ferry::testing::MemoryBackends;
using ferry::testing::TestSocket;

namespace {

const Secret kMaster(std::string(32, 'm'));

/// The memory bus, which can be told to have lost something.
class GappySignaling final : public Signaling {
 public:
  explicit GappySignaling(Signaling& real) : real_(real) {}

  void lose_something() {
    std::vector<Subscriber> all;
    {
      const std::lock_guard lock(mutex_);
      all = subscribers_;
    }
    for (auto& one : all) {
      boost::asio::post(one.loop, [one] {
        if (const auto events = one.events.lock()) {
          events->on_gap(one.channel);
        }
      });
    }
  }

  Awaitable<Result<void>> start() override { return real_.start(); }
  Awaitable<Result<void>> ping() override { return real_.ping(); }
  Awaitable<void> stop() override { return real_.stop(); }
  SignalingCaps caps() const override { return real_.caps(); }
  Awaitable<Result<void>> subscribe(std::string channel,
                                    std::weak_ptr<SignalingEvents> events) override {
    auto loop = co_await boost::asio::this_coro::executor;
    {
      const std::lock_guard lock(mutex_);
      subscribers_.push_back({loop, channel, events});
    }
    co_return co_await real_.subscribe(std::move(channel), std::move(events));
  }
  Awaitable<void> unsubscribe(std::string channel, std::weak_ptr<SignalingEvents> events) override {
    return real_.unsubscribe(std::move(channel), std::move(events));
  }
  Result<void> publish(std::string_view channel, SharedBytes payload) override {
    return real_.publish(channel, std::move(payload));
  }

 private:
  struct Subscriber {
    boost::asio::any_io_executor loop;
    std::string channel;
    std::weak_ptr<SignalingEvents> events;
  };
  Signaling& real_;
  std::mutex mutex_;
  std::vector<Subscriber> subscribers_;
};

/// One node: what a process has above the shared backends.
struct Node {
  Node(MemoryBackends& b, Signaling& bus, const TokenKeys& keys, const Settings& settings)
      : transfers(*b.storage, bus, keys, kMaster, settings, {}, *b.log, b.metrics),
        hub(bus, transfers, *b.log, b.metrics) {}
  TransferService transfers;
  SignalingHub hub;
};

class SignalingHubTest : public ::testing::Test {
 protected:
  void TearDown() override {
    sockets.clear();
    EXPECT_EQ(gauge("ferry_signal_connections"), 0);
    EXPECT_EQ(gauge("ferry_rooms"), 0);
  }

  void restart(const Settings& s) {
    sockets.clear();
    node = std::make_unique<Node>(backends, bus, keys, s);
  }

  struct Pair {
    std::string sender;
    std::string receiver;
  };
  Pair tokens() {
    const auto opened = backends.run(node->transfers.create()).value();
    const auto joined = backends.run(node->transfers.join(opened.code)).value();
    room = room_channel(opened.transfer_id);
    return {opened.token, joined.token};
  }

  TestSocket& open(std::size_t loop = 0, Node* on = nullptr) {
    Node& at = on != nullptr ? *on : *node;
    sockets.push_back(std::make_unique<TestSocket>(
        backends.loops.executor(loop),
        [&at](websocket::Connection& connection) { return at.hub.serve(connection); }));
    return *sockets.back();
  }
  /// Opened, said hello, heard the welcome.
  TestSocket& enter(const std::string& token, std::size_t loop = 0, Node* on = nullptr) {
    TestSocket& socket = open(loop, on);
    socket.say(R"({"type":"hello","token":")" + token + "\"}");
    welcome = socket.hear();
    EXPECT_TRUE(welcome.starts_with(R"({"type":"welcome")")) << welcome;
    return socket;
  }
  /// Both ends, each knowing of the other.
  std::pair<TestSocket*, TestSocket*> meet(std::size_t sender_loop, std::size_t receiver_loop) {
    const Pair pair = tokens();
    TestSocket& sender = enter(pair.sender, sender_loop);
    TestSocket& receiver = enter(pair.receiver, receiver_loop);
    if (welcome.find("\"peer\":true") == std::string::npos) {
      EXPECT_EQ(receiver.hear(), kPeerJoined);
    }
    EXPECT_EQ(sender.hear(), kPeerJoined);
    return {&sender, &receiver};
  }

  std::int64_t gauge(const std::string& name) {
    return backends.metrics
        .gauge(name, name == "ferry_rooms" ? "Transfers with a signaling socket on this node."
                                           : "Signaling sockets.")
        .value();
  }

  static constexpr auto kPeerJoined = R"({"type":"peer-joined"})";
  static constexpr auto kPeerLeft = R"({"type":"peer-left"})";
  static constexpr auto kPong = R"({"type":"pong"})";
  static constexpr auto kResync = R"({"type":"resync"})";

  MemoryBackends backends{2};
  GappySignaling bus{*backends.signaling};
  TokenKeys keys{kMaster};
  std::unique_ptr<Node> node = std::make_unique<Node>(backends, bus, keys, Settings());
  std::string welcome;
  std::string room;  ///< channel of the last transfer
  std::vector<std::unique_ptr<TestSocket>> sockets;
};

const std::string kOffer =
    R"( {"type":"offer",  "seq":1,"ack":0,"payload":{"description":{"sdp":"v=0\r\n\u00e9"}}})";

TEST_F(SignalingHubTest, WelcomesWithRolePresenceAndEndOfSession) {
  const Pair pair = tokens();
  enter(pair.sender);
  EXPECT_TRUE(std::regex_match(
      welcome, std::regex(R"re(\{"type":"welcome","role":"sender","peer":false,)re"
                          R"re("session_expires_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\})re")))
      << welcome;
  enter(pair.receiver);
  EXPECT_NE(welcome.find(R"("role":"receiver","peer":true)"), std::string::npos) << welcome;
}

class SignalingHubOnLoops : public SignalingHubTest,
                            public ::testing::WithParamInterface<std::size_t> {};

TEST_P(SignalingHubOnLoops, RelaysVerbatimBothWaysAndNotBack) {
  const auto [sender, receiver] = meet(0, GetParam());
  sender->say(kOffer);
  EXPECT_EQ(receiver->hear(), kOffer);
  receiver->say(R"({"type":"ack","ack":1})");
  EXPECT_EQ(sender->hear(), R"({"type":"ack","ack":1})");
  sender->say(R"({"type":"ping"})");
  EXPECT_EQ(sender->hear(), kPong);
  receiver->say(R"({"type":"ping"})");
  EXPECT_EQ(receiver->hear(), kPong);
}

TEST_P(SignalingHubOnLoops, KeepsTheOrderOfASender) {
  const auto [sender, receiver] = meet(0, GetParam());
  const auto message = [](int seq) {
    return R"({"type":"candidate","seq":)" + std::to_string(seq) + R"(,"ack":0,"payload":{}})";
  };
  for (int i = 1; i <= 150; ++i) {
    sender->say(message(i));
  }
  for (int i = 1; i <= 150; ++i) {
    ASSERT_EQ(receiver->hear(), message(i));
  }
}

TEST_P(SignalingHubOnLoops, TellsWhenThePeerLeaves) {
  auto [sender, receiver] = meet(0, GetParam());
  receiver->say(R"({"type":"bye"})");
  EXPECT_EQ(receiver->hear(), "close 1000 bye");
  EXPECT_EQ(sender->hear(), kPeerLeft);

  std::tie(sender, receiver) = meet(0, GetParam());
  sender->hang_up();
  EXPECT_EQ(receiver->hear(), kPeerLeft);
}

TEST_P(SignalingHubOnLoops, ANewerSocketOfTheSameRoleReplacesTheOlder) {
  const Pair pair = tokens();
  TestSocket& old = enter(pair.sender, 0);
  TestSocket& receiver = enter(pair.receiver, 1);
  EXPECT_EQ(old.hear(), kPeerJoined);
  if (welcome.find("\"peer\":true") == std::string::npos) {
    EXPECT_EQ(receiver.hear(), kPeerJoined);
  }
  TestSocket& fresh = enter(pair.sender, GetParam());
  EXPECT_TRUE(old.hear().starts_with(R"({"type":"error","problem":"replaced")"));
  EXPECT_EQ(old.hear(), "close 4409 replaced");
  // The receiver hears that the sender came again, and not that it went.
  EXPECT_EQ(receiver.hear(), kPeerJoined);
  fresh.say(kOffer);
  EXPECT_EQ(receiver.hear(), kOffer);
}

TEST_P(SignalingHubOnLoops, ANewerSocketOnAnotherNodeReplacesToo) {
  Node other(backends, bus, keys, Settings());
  const Pair pair = tokens();
  TestSocket& old = enter(pair.sender, 0);
  TestSocket& fresh = enter(pair.sender, GetParam(), &other);
  EXPECT_TRUE(old.hear().starts_with(R"({"type":"error","problem":"replaced")"));
  EXPECT_EQ(old.hear(), "close 4409 replaced");
  fresh.say(R"({"type":"ping"})");
  EXPECT_EQ(fresh.hear(), kPong);
  sockets.clear();
}

TEST_P(SignalingHubOnLoops, ClosingTheTransferClosesBothEndsForGood) {
  const Pair pair = tokens();
  TestSocket& sender = enter(pair.sender, 0);
  TestSocket& receiver = enter(pair.receiver, GetParam());
  const auto token = node->transfers.session(pair.sender);
  ASSERT_TRUE(backends.run(node->transfers.close(*token)));
  for (TestSocket* socket : {&sender, &receiver}) {
    std::string heard = socket->hear();
    if (heard == kPeerJoined) {
      heard = socket->hear();
    }
    EXPECT_TRUE(heard.starts_with(R"({"type":"error","problem":"expired")")) << heard;
    heard = socket->hear();
    EXPECT_EQ(heard, "close 4410 expired");
  }
  TestSocket& late = open(GetParam());
  late.say(R"({"type":"hello","token":")" + pair.sender + "\"}");
  EXPECT_TRUE(late.hear().starts_with(R"({"type":"error","problem":"expired")"));
  EXPECT_EQ(late.hear(), "close 4410 expired");
}

TEST_P(SignalingHubOnLoops, BothEndsResendAfterAGap) {
  const auto [sender, receiver] = meet(0, GetParam());
  bus.lose_something();
  // Each is told for its own gap and once more for the other's.
  for (TestSocket* socket : {sender, receiver}) {
    EXPECT_EQ(socket->hear(), kResync);
    EXPECT_EQ(socket->hear(), kResync);
    socket->say(R"({"type":"ping"})");
    EXPECT_EQ(socket->hear(), kPong);
  }
}

INSTANTIATE_TEST_SUITE_P(Loops, SignalingHubOnLoops, ::testing::Values(0, 1),
                         [](const auto& param) {
                           return param.param == 0 ? "SameLoop" : "OtherLoop";
                         });

/// What a sender's socket on another node says.
FrameHeader news_of(Presence presence, FrameKind kind) {
  FrameHeader news;
  news.kind = kind;
  news.role = Role::sender;
  news.from = presence;
  return news;
}

TEST_F(SignalingHubTest, LateNewsOfAReplacedSocketChangesNothing) {
  const auto [sender, receiver] = meet(0, 0);
  for (const FrameKind kind : {FrameKind::present, FrameKind::again, FrameKind::left}) {
    ASSERT_TRUE(bus.publish(room, make_frame(news_of(Presence{1, 1}, kind))));
  }
  ASSERT_TRUE(bus.publish(room, make_frame(news_of(Presence{1, 1}, FrameKind::relay), "end")));
  EXPECT_EQ(receiver->hear(), "end");
}

TEST_F(SignalingHubTest, ASocketThatMissedItsReplacementIsTold) {
  const auto [sender, receiver] = meet(0, 0);
  ASSERT_TRUE(bus.publish(room, make_frame(news_of(Presence{~0ull, 1}, FrameKind::stays))));
  EXPECT_TRUE(sender->hear().starts_with(R"({"type":"error","problem":"replaced")"));
  EXPECT_EQ(sender->hear(), "close 4409 replaced");
}

TEST_F(SignalingHubTest, FindsThePeerThatAnotherSocketHid) {
  const auto [sender, receiver] = meet(0, 0);
  // A socket on a node whose clock is far ahead comes and goes.
  ASSERT_TRUE(bus.publish(room, make_frame(news_of(Presence{~0ull, 1}, FrameKind::present))));
  EXPECT_EQ(receiver->hear(), kPeerJoined);
  ASSERT_TRUE(bus.publish(room, make_frame(news_of(Presence{~0ull, 1}, FrameKind::left))));
  EXPECT_EQ(receiver->hear(), kPeerLeft);
  EXPECT_EQ(receiver->hear(), kPeerJoined);
  EXPECT_EQ(sender->hear(), kResync);
}

TEST_F(SignalingHubTest, RoomsAreApart) {
  const auto [sender, receiver] = meet(0, 0);
  const auto [other_sender, other_receiver] = meet(0, 0);
  sender->say(kOffer);
  EXPECT_EQ(receiver->hear(), kOffer);
  other_receiver->say(R"({"type":"ping"})");
  EXPECT_EQ(other_receiver->hear(), kPong);
  other_sender->say(R"({"type":"ping"})");
  EXPECT_EQ(other_sender->hear(), kPong);
  EXPECT_EQ(gauge("ferry_rooms"), 2);
  EXPECT_EQ(gauge("ferry_signal_connections"), 4);
}

TEST_F(SignalingHubTest, RefusesWhatIsNoHello) {
  for (const char* first : {"x", "{}", R"({"type":"ping"})", R"({"type":"hello"})"}) {
    TestSocket& socket = open();
    socket.say(first);
    const std::string error = socket.hear();
    EXPECT_TRUE(error.starts_with(R"({"type":"error","problem":"malformed-message")")) << error;
    EXPECT_EQ(socket.hear(), "close 4400 malformed-message");
  }
}

TEST_F(SignalingHubTest, RefusesForgedTokens) {
  TestSocket& socket = open();
  socket.say(R"({"type":"hello","token":"st1.forged"})");
  EXPECT_TRUE(socket.hear().starts_with(R"({"type":"error","problem":"token-invalid")"));
  EXPECT_EQ(socket.hear(), "close 4401 token-invalid");
}

TEST_F(SignalingHubTest, RefusesMalformedMessagesAndASecondHello) {
  const Pair pair = tokens();
  const std::string hello = R"({"type":"hello","token":")" + pair.sender + "\"}";
  for (const std::string& bad : {std::string(R"({"type":"offer"})"), std::string("{"), hello}) {
    TestSocket& socket = enter(pair.sender);
    socket.say(bad);
    EXPECT_TRUE(socket.hear().starts_with(R"({"type":"error","problem":"malformed-message")"));
    EXPECT_EQ(socket.hear(), "close 4400 malformed-message");
  }
}

TEST_F(SignalingHubTest, LimitsTheFirstMessageMoreThanTheOthers) {
  const Pair pair = tokens();
  TestSocket& socket = open();
  EXPECT_EQ(socket.read_limit_now(), 4096u);
  socket.say(R"({"type":"hello","token":")" + pair.sender + "\"}");
  socket.hear();
  EXPECT_EQ(socket.read_limit_now(), 65536u);
}

TEST_F(SignalingHubTest, ClosesWhoSaysTooMuch) {
  Settings settings;
  settings.messages_per_second = 1;
  settings.burst = 3;
  restart(settings);
  TestSocket& socket = enter(tokens().sender);
  for (int i = 0; i < 4; ++i) {
    socket.say(R"({"type":"ping"})");
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(socket.hear(), kPong);
  }
  EXPECT_TRUE(socket.hear().starts_with(R"({"type":"error","problem":"rate-limited")"));
  EXPECT_EQ(socket.hear(), "close 4429 rate-limited");
}

TEST_F(SignalingHubTest, ClosesWhoSaysNoHello) {
  Settings settings;
  settings.hello_timeout = 10ms;
  restart(settings);
  TestSocket& socket = open();
  EXPECT_TRUE(socket.hear().starts_with(R"({"type":"error","problem":"too-slow")"));
  EXPECT_EQ(socket.hear(), "close 4408 too-slow");
}

TEST_F(SignalingHubTest, ClosesWhoIsIdle) {
  Settings settings;
  settings.idle_timeout = 10ms;
  restart(settings);
  TestSocket& socket = enter(tokens().sender);
  EXPECT_TRUE(socket.hear().starts_with(R"({"type":"error","problem":"too-slow")"));
  EXPECT_EQ(socket.hear(), "close 4408 too-slow");
}

TEST_F(SignalingHubTest, ClosesAtTheEndOfTheSession) {
  Settings settings;
  settings.session_ttl = 200ms;
  restart(settings);
  TestSocket& socket = enter(tokens().sender);
  EXPECT_TRUE(socket.hear().starts_with(R"({"type":"error","problem":"expired")"));
  EXPECT_EQ(socket.hear(), "close 4410 expired");
}

TEST_F(SignalingHubTest, HasOnlySoManyRooms) {
  Settings settings;
  settings.max_rooms_per_node = 1;
  restart(settings);
  const Pair pair = tokens();
  enter(pair.sender);
  enter(pair.receiver);
  TestSocket& socket = open();
  socket.say(R"({"type":"hello","token":")" + tokens().sender + "\"}");
  EXPECT_TRUE(socket.hear().starts_with("close 1013"));
}

TEST_F(SignalingHubTest, DrainingSendsEverybodyAway) {
  const auto [sender, receiver] = meet(0, 1);
  node->hub.drain();
  TestSocket& late = open();
  const std::regex draining(R"re(\{"type":"draining","reconnect_in_ms":\d+\})re");
  for (TestSocket* socket : {sender, receiver, &late}) {
    std::string heard = socket->hear();
    if (heard == kPeerLeft) {
      heard = socket->hear();
    }
    EXPECT_TRUE(std::regex_match(heard, draining)) << heard;
    heard = socket->hear();
    EXPECT_EQ(heard, "close 1012 draining");
  }
}

TEST_F(SignalingHubTest, CountsMessagesAndCloses) {
  TestSocket& socket = enter(tokens().sender);
  socket.say(R"({"type":"ping"})");
  EXPECT_EQ(socket.hear(), kPong);
  socket.say(R"({"type":"bye"})");
  EXPECT_EQ(socket.hear(), "close 1000 bye");
  sockets.clear();
  const auto count = [this](const char* name, const char* help, const char* label,
                            const char* value) {
    return backends.metrics.counter(name, help, {{label, value}}).value();
  };
  EXPECT_EQ(count("ferry_signal_messages_total", "Messages of clients, by type.", "type", "ping"),
            1u);
  EXPECT_EQ(count("ferry_signal_messages_total", "Messages of clients, by type.", "type", "hello"),
            1u);
  EXPECT_EQ(
      count("ferry_signal_closes_total", "Signaling sockets closed, by reason.", "reason", "bye"),
      1u);
}

}  // namespace
