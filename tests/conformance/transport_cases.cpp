#include "runtime/spawn.hpp"
#include "suite.hpp"

#include <ferry/transport.hpp>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <unistd.h>

namespace ferry::conformance {
namespace asio = boost::asio;
namespace {

using Socket = asio::ip::tcp::socket;
using Listeners = std::vector<std::unique_ptr<Listener>>;
using Stream = std::unique_ptr<StreamImpl>;

std::optional<asio::ip::tcp::endpoint> endpoint_of(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  boost::system::error_code ec;
  const auto address = asio::ip::make_address(host, ec);
  const int port = std::atoi(text.c_str() + colon + 1);
  if (ec || port <= 0 || port > 65535) {
    return std::nullopt;
  }
  return asio::ip::tcp::endpoint(address, static_cast<unsigned short>(port));
}

/// The kit's client side; null and a failure when it cannot connect.
Awaitable<std::unique_ptr<Socket>> dial(const Listener& listener) {
  const auto endpoint = endpoint_of(listener.endpoint());
  if (!endpoint) {
    ADD_FAILURE() << "no address with a real port: " << listener.endpoint();
    co_return nullptr;
  }
  auto socket = std::make_unique<Socket>(co_await asio::this_coro::executor);
  boost::system::error_code ec;
  co_await socket->async_connect(*endpoint, asio::redirect_error(asio::use_awaitable, ec));
  if (ec) {
    ADD_FAILURE() << "cannot connect to " << listener.endpoint() << ": " << ec.message();
    co_return nullptr;
  }
  co_return socket;
}

Deadline in_five_seconds() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(5);
}

Awaitable<Result<Stream>> accept_one(Transport& t, Listener& listener) {
  auto raw = co_await listener.accept();
  if (!raw) {
    co_return raw;
  }
  co_return co_await t.handshake(std::move(*raw), in_five_seconds());
}

struct Io {
  boost::system::error_code error;
  std::size_t bytes = 0;
};

/// Awaits one handler-style call: `start` gets the handler.
template <class Start>
Awaitable<Io> await_io(Start start) {
  Io io;
  auto token = asio::redirect_error(asio::use_awaitable, io.error);
  io.bytes =
      co_await asio::async_initiate<decltype(token), void(boost::system::error_code, std::size_t)>(
          std::move(start), token);
  co_return io;
}

Awaitable<Io> read_some(StreamImpl& s, std::vector<asio::mutable_buffer> buffers) {
  auto start = [&s, &buffers](auto handler) { s.read_some(buffers, std::move(handler)); };
  co_return co_await await_io(std::move(start));
}

Awaitable<Io> write_some(StreamImpl& s, std::vector<asio::const_buffer> buffers) {
  auto start = [&s, &buffers](auto handler) { s.write_some(buffers, std::move(handler)); };
  co_return co_await await_io(std::move(start));
}

Awaitable<boost::system::error_code> await_done(StreamImpl& s,
                                                void (StreamImpl::*start)(DoneHandler)) {
  boost::system::error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  auto initiate = [&s, start](auto handler) { (s.*start)(std::move(handler)); };
  co_await asio::async_initiate<decltype(token), void(boost::system::error_code)>(
      std::move(initiate), token);
  co_return ec;
}

/// The listeners of loop 0; empty after a failure.
Listeners listen(Transport& t) {
  auto listeners = t.listen(0);
  if (!listeners) {
    ADD_FAILURE() << "listen: " << describe(listeners.error());
    return {};
  }
  EXPECT_FALSE(listeners->empty()) << "loop 0 must get a listener";
  return std::move(*listeners);
}

Awaitable<void> ping_answers(Rig&, Transport& t) {
  const auto pong = co_await t.ping();
  REQUIRE_OK(pong);
}

/// Sends everything back in the sizes it came, until end of stream; then shuts down.
Awaitable<void> echo(StreamImpl& s) {
  Bytes block(50'000);
  for (;;) {
    const std::size_t half = block.size() / 2;
    const auto got = co_await read_some(
        s, {asio::buffer(block.data(), half), asio::buffer(block.data() + half, half)});
    if (got.error || got.bytes == 0) {
      EXPECT_EQ(got.error, asio::error::eof) << got.error.message();
      break;
    }
    for (std::size_t sent = 0; sent < got.bytes;) {
      const std::size_t middle = (got.bytes - sent) / 2;
      const auto put = co_await write_some(
          s, {asio::buffer(block.data() + sent, middle),
              asio::buffer(block.data() + sent + middle, got.bytes - sent - middle)});
      if (put.error) {
        ADD_FAILURE() << put.error.message();
        co_return;
      }
      sent += put.bytes;
    }
  }
  const auto ec = co_await await_done(s, &StreamImpl::shutdown);
  EXPECT_FALSE(ec) << ec.message();
}

Awaitable<void> echoes_large_data_on_every_loop(Rig& rig, Transport& t) {
  auto first = listen(t);
  REQUIRE(!first.empty());
  std::vector<Listeners> all;
  all.push_back(std::move(first));
  for (std::size_t loop = 1; loop < rig.host().loops(); ++loop) {
    auto more = t.listen(loop);
    REQUIRE_OK(more);
    if (!more->empty()) {
      EXPECT_EQ(more->front()->endpoint(), all.front().front()->endpoint());
    }
    all.push_back(std::move(*more));
  }
  // Every listener accepts until closed; the kernel chooses which one gets a connection.
  constexpr std::size_t kClients = 16;
  std::atomic<std::size_t> finished{0};
  std::atomic<std::size_t> acceptors{0};
  std::atomic<std::size_t> sessions{0};
  for (std::size_t loop = 0; loop < all.size(); ++loop) {
    for (auto& listener : all[loop]) {
      ++acceptors;
      auto accept_all = [&, l = listener.get(), loop]() -> Awaitable<void> {
        for (;;) {
          auto stream = co_await accept_one(t, *l);
          if (!stream) {
            EXPECT_ERRC(stream, Errc::cancelled);
            break;
          }
          EXPECT_EQ(rig.host().this_loop(), loop);
          EXPECT_TRUE((*stream)->get_executor() == rig.host().loop(loop));
          ++sessions;
          auto serve = [](Stream s) -> Awaitable<void> {
            co_await echo(*s);
            s->close();
          };
          asio::co_spawn(rig.host().loop(loop), serve(std::move(*stream)),
                         [&](std::exception_ptr) { --sessions; });
        }
      };
      asio::co_spawn(rig.host().loop(loop), on_loop(rig.host(), loop, accept_all),
                     [&](std::exception_ptr) { --acceptors; });
    }
  }
  co_await in_parallel(rig.host(), kClients, [&](std::size_t i) -> Awaitable<void> {
    auto socket = co_await dial(*all.front().front());
    REQUIRE(socket);
    const auto out = pattern(1'000'000 + i, static_cast<std::uint32_t>(i + 1));
    auto send = [](Socket& s, const Bytes& bytes) -> Awaitable<void> {
      boost::system::error_code ec;
      co_await asio::async_write(s, asio::buffer(bytes),
                                 asio::redirect_error(asio::use_awaitable, ec));
      EXPECT_FALSE(ec) << ec.message();
      s.shutdown(Socket::shutdown_send, ec);
    };
    std::atomic<bool> sent{false};
    asio::co_spawn(co_await asio::this_coro::executor, send(*socket, out),
                   [&](std::exception_ptr) { sent = true; });
    Bytes in(out.size() + 1);
    boost::system::error_code ec;
    const auto n = co_await asio::async_read(*socket, asio::buffer(in),
                                             asio::redirect_error(asio::use_awaitable, ec));
    EXPECT_EQ(ec, asio::error::eof) << "after shutdown the peer sees the end of the stream";
    in.resize(n);
    EXPECT_TRUE(in == out);
    const bool done = co_await eventually([&] { return sent.load(); });
    EXPECT_TRUE(done);
    ++finished;
  });
  EXPECT_EQ(finished, kClients);
  const bool served = co_await eventually([&] { return sessions == 0; });
  EXPECT_TRUE(served);
  for (std::size_t loop = 0; loop < all.size(); ++loop) {
    co_await on_loop(rig.host(), loop, [&]() -> Awaitable<void> {
      for (auto& listener : all[loop]) {
        listener->close();
      }
      co_return;
    });
  }
  const bool ended = co_await eventually([&] { return acceptors == 0; });
  REQUIRE(ended);
  for (std::size_t loop = 0; loop < all.size(); ++loop) {
    co_await on_loop(rig.host(), loop, [&]() -> Awaitable<void> {
      all[loop].clear();
      co_return;
    });
  }
}

/// A connection with both ends in hand.
struct Pair {
  Listeners listeners;
  std::unique_ptr<Socket> client;
  Stream server;
};

Awaitable<std::unique_ptr<Pair>> connect(Transport& t) {
  auto pair = std::make_unique<Pair>();
  pair->listeners = listen(t);
  if (pair->listeners.empty()) {
    co_return nullptr;
  }
  pair->client = co_await dial(*pair->listeners.front());
  if (!pair->client) {
    co_return nullptr;
  }
  auto stream = co_await accept_one(t, *pair->listeners.front());
  if (!stream) {
    ADD_FAILURE() << "accept: " << describe(stream.error());
    co_return nullptr;
  }
  pair->server = std::move(*stream);
  co_return pair;
}

Awaitable<void> peer_is_who_connected(Rig&, Transport& t) {
  auto pair = co_await connect(t);
  REQUIRE(pair);
  const auto local = pair->client->local_endpoint();
  EXPECT_EQ(pair->server->peer().address, local.address().to_string());
  EXPECT_EQ(pair->server->peer().port, local.port());
}

Awaitable<void> client_end_of_stream_reads_as_eof(Rig&, Transport& t) {
  auto pair = co_await connect(t);
  REQUIRE(pair);
  pair->client->close();
  char byte = 0;
  const auto got = co_await read_some(*pair->server, {asio::buffer(&byte, 1)});
  EXPECT_EQ(got.error, asio::error::eof) << got.error.message();
}

Awaitable<void> close_aborts_an_outstanding_read(Rig& rig, Transport& t) {
  auto pair = co_await connect(t);
  REQUIRE(pair);
  std::optional<Io> result;
  char byte = 0;
  auto read = [](StreamImpl& s, char& b, std::optional<Io>& out) -> Awaitable<void> {
    out = co_await read_some(s, {asio::buffer(&b, 1)});
  };
  asio::co_spawn(rig.host().loop(0), read(*pair->server, byte, result), [](std::exception_ptr) {});
  co_await sleep_for(Millis(20));  // the read is outstanding, nothing can complete it
  REQUIRE(!result);
  pair->server->close();
  const bool ended = co_await eventually([&] { return result.has_value(); });
  REQUIRE(ended);
  EXPECT_TRUE(result->error);
  const auto n = co_await pair->client->async_read_some(
      asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, result->error));
  EXPECT_EQ(n, 0u) << "the peer must see the end too";
}

Awaitable<void> writes_by_the_socket_reach_the_peer(Rig&, Transport& t) {
  auto pair = co_await connect(t);
  REQUIRE(pair);
  const int fd = pair->server->sendfile_socket();
  if (fd < 0) {
    co_return;  // nothing is promised
  }
  EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0) << "the socket must be non-blocking";
  const auto out = pattern(3'000'000);
  auto send = [](StreamImpl& s, int socket, ByteView bytes) -> Awaitable<void> {
    while (!bytes.empty()) {
      const ssize_t n = ::write(socket, bytes.data(), bytes.size());
      if (n > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        continue;
      }
      REQUIRE(n < 0 && errno == EAGAIN);
      const auto ec = co_await await_done(s, &StreamImpl::wait_writable);
      REQUIRE(!ec);
    }
  };
  bool sent = false;
  asio::co_spawn(co_await asio::this_coro::executor, send(*pair->server, fd, out),
                 [&](std::exception_ptr) { sent = true; });
  Bytes in(out.size());
  boost::system::error_code ec;
  co_await asio::async_read(*pair->client, asio::buffer(in),
                            asio::redirect_error(asio::use_awaitable, ec));
  EXPECT_FALSE(ec) << ec.message();
  EXPECT_TRUE(in == out);
  const bool done = co_await eventually([&] { return sent; });
  EXPECT_TRUE(done);
}

Awaitable<void> closed_listener_answers_cancelled(Rig& rig, Transport& t) {
  auto listeners = listen(t);
  REQUIRE(!listeners.empty());
  for (auto& listener : listeners) {
    bool ended = false;
    auto accept = [](Listener& l) -> Awaitable<void> {
      const auto stream = co_await l.accept();
      EXPECT_ERRC(stream, Errc::cancelled);
    };
    asio::co_spawn(rig.host().loop(0), accept(*listener),
                   [&](std::exception_ptr) { ended = true; });
    co_await sleep_for(Millis(20));
    EXPECT_FALSE(ended);
    listener->close();
    const bool done = co_await eventually([&] { return ended; });
    REQUIRE(done);
    const auto again = co_await listener->accept();
    EXPECT_ERRC(again, Errc::cancelled);
  }
}

Awaitable<void> occupied_address_is_refused_in_words(Rig& rig, Transport& t) {
  auto listeners = listen(t);
  REQUIRE(!listeners.empty());
  const auto endpoint = listeners.front()->endpoint();
  auto* other = dynamic_cast<Transport*>(co_await rig.another("occupied_options", endpoint));
  REQUIRE(other);
  const auto refused = other->listen(0);
  EXPECT_ERRC(refused, Errc::unavailable);
  if (!refused) {
    EXPECT_NE(refused.error().detail.find(endpoint), std::string::npos) << refused.error().detail;
  }
}

Awaitable<void> address_is_free_after_close(Rig& rig, Transport& t) {
  auto listeners = listen(t);
  REQUIRE(!listeners.empty());
  const auto endpoint = listeners.front()->endpoint();
  for (auto& listener : listeners) {
    listener->close();
  }
  listeners.clear();
  auto* other = dynamic_cast<Transport*>(co_await rig.another("occupied_options", endpoint));
  REQUIRE(other);
  const auto again = other->listen(0);
  REQUIRE_OK(again);
  REQUIRE(!again->empty());
  EXPECT_EQ(again->front()->endpoint(), endpoint);
}

std::string unless_tcp(Rig&, Transport& t) {
  auto listeners = t.listen(0);
  if (!listeners || listeners->empty()) {
    return "";  // the case will say what is wrong
  }
  return endpoint_of(listeners->front()->endpoint())
             ? ""
             : "the kit's client speaks TCP only, not " + listeners->front()->endpoint();
}

std::string unless_occupied_options(Rig& rig, Transport&) {
  return rig.has_section("occupied_options")
             ? ""
             : "the configuration has no transport.occupied_options";
}

constexpr Case<Transport> kCases[] = {
    {"PingAnswers", ping_answers},
    {"EchoesLargeDataOnEveryLoop", echoes_large_data_on_every_loop, unless_tcp},
    {"PeerIsWhoConnected", peer_is_who_connected, unless_tcp},
    {"ClientEndOfStreamReadsAsEof", client_end_of_stream_reads_as_eof, unless_tcp},
    {"CloseAbortsAnOutstandingRead", close_aborts_an_outstanding_read, unless_tcp},
    {"WritesByTheSocketReachThePeer", writes_by_the_socket_reach_the_peer, unless_tcp},
    {"ClosedListenerAnswersCancelled", closed_listener_answers_cancelled},
    {"OccupiedAddressIsRefusedInWords", occupied_address_is_refused_in_words,
     unless_occupied_options},
    {"AddressIsFreeAfterClose", address_is_free_after_close, unless_occupied_options},
};

}  // namespace

void add_transport_cases() {
  add_cases<Transport>("Transport", kCases);
}

}  // namespace ferry::conformance
