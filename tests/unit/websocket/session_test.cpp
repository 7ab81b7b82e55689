#include "http/problem_response.hpp"
#include "runtime/spawn.hpp"
#include "support/http_rig.hpp"
#include "websocket/connection.hpp"
#include "websocket/upgrade.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <future>
#include <gtest/gtest.h>

namespace ferry::websocket {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using test::HttpRig;
using test::RawClient;

SharedBytes shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

/// A foreign implementation of the client's side.
class BeastClient {
 public:
  explicit BeastClient(std::uint16_t port, const std::string& origin = {}) : stream(context) {
    beast::get_lowest_layer(stream).connect({asio::ip::address_v4::loopback(), port});
    stream.set_option(
        beast::websocket::stream_base::decorator([origin](beast::websocket::request_type& request) {
          request.set("Sec-WebSocket-Protocol", "other, ferry.signal.v1");
          if (!origin.empty()) {
            request.set("Origin", origin);
          }
        }));
    stream.handshake(response, "files.example", "/ws");
  }
  void send(const std::string& text) { stream.write(asio::buffer(text)); }
  std::string read() {
    beast::flat_buffer buffer;
    stream.read(buffer);
    return beast::buffers_to_string(buffer.data());
  }
  /// Reads until the server closes; its code.
  std::uint16_t closed() {
    boost::system::error_code ec;
    while (!ec) {
      beast::flat_buffer buffer;
      stream.read(buffer, ec);
    }
    return ec == beast::websocket::error::closed ? stream.reason().code : std::uint16_t{0};
  }
  asio::io_context context;
  beast::websocket::stream<asio::ip::tcp::socket> stream;
  beast::websocket::response_type response;
};

/// The parameter: a transport with a plain socket, or as TLS without one.
class WebSocket : public testing::TestWithParam<bool> {
 protected:
  void serve(http::Upgrade run) {
    rig.router.add(http::Method::get, "/ws",
                   [run](http::Request& request) -> Awaitable<http::Response> {
                     UpgradeOptions options;
                     options.subprotocol = "ferry.signal.v1";
                     auto made = upgrade(request, options, run);
                     if (!made) {
                       co_return http::problem_response(request, made.error());
                     }
                     co_return std::move(*made);
                   });
    rig.start();
  }
  void serve_echo() {
    serve([](Connection& connection) -> Awaitable<void> {
      for (auto text = co_await connection.read(); text; text = co_await connection.read()) {
        connection.send(shared("<" + std::string(*text) + ">"), 1);
      }
    });
  }
  std::vector<Connection*> members;  // of a room; outlives the server
  HttpRig rig{GetParam()};
};

TEST_P(WebSocket, TalksToAForeignClient) {
  serve_echo();
  BeastClient client(rig.port);
  EXPECT_EQ(client.response["Sec-WebSocket-Protocol"], "ferry.signal.v1");
  for (const std::size_t size : {0u, 1u, 125u, 126u, 5000u, 65000u}) {
    const std::string text(size, 'x');
    client.send(text);
    EXPECT_EQ(client.read(), text + ">");
  }
  client.stream.auto_fragment(true);
  client.stream.write_buffer_bytes(512);
  client.send(std::string(4000, 'y'));
  EXPECT_EQ(client.read(), std::string(4000, 'y') + ">");
  client.stream.ping("hello");
  client.stream.close(beast::websocket::close_code::normal);
}

TEST_P(WebSocket, AnswersEveryMessageOfABurstInOrder) {
  serve_echo();
  BeastClient client(rig.port);
  for (int i = 0; i < 500; ++i) {
    client.send(std::to_string(i));
  }
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(client.read(), std::to_string(i) + ">");
  }
}

TEST_P(WebSocket, AHandlerThatPausesAfterABurstHoldsNoAnswerBack) {
  using Timer = asio::steady_timer;
  std::promise<std::shared_ptr<Timer>> made;
  serve([&made](Connection& connection) -> Awaitable<void> {
    const auto pause = std::make_shared<Timer>(connection.executor(), Timer::time_point::max());
    for (int i = 0; i < 3; ++i) {
      const auto text = co_await connection.read();
      if (!text) {
        co_return;
      }
      connection.send(shared(std::string(*text)));
    }
    made.set_value(pause);
    boost::system::error_code ignored;
    co_await pause->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  });
  BeastClient client(rig.port);
  const auto frame = [](char text) { return std::string("\x81\x81\0\0\0\0", 6) + text; };
  asio::write(client.stream.next_layer(), asio::buffer(frame('a') + frame('b') + frame('c')));
  EXPECT_EQ(client.read(), "a");
  EXPECT_EQ(client.read(), "b");
  EXPECT_EQ(client.read(), "c");
  const auto pause = made.get_future().get();
  asio::post(pause->get_executor(), [pause] { pause->cancel(); });
  EXPECT_EQ(client.closed(), 1000);
}

TEST_P(WebSocket, RelaysBetweenTwoConnectionsOfALoop) {
  serve([this](Connection& connection) -> Awaitable<void> {
    members.push_back(&connection);
    for (auto text = co_await connection.read(); text; text = co_await connection.read()) {
      const auto copy = shared(std::string(*text));
      for (auto* member : members) {
        if (member != &connection) {
          member->send(copy);
        }
      }
    }
    std::erase(members, &connection);
  });
  BeastClient a(rig.port);
  BeastClient b(rig.port);
  a.send("first");
  EXPECT_EQ(b.read(), "first");
  for (int i = 0; i < 300; ++i) {
    a.send("a" + std::to_string(i));
    b.send("b" + std::to_string(i));
  }
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(b.read(), "a" + std::to_string(i));
    EXPECT_EQ(a.read(), "b" + std::to_string(i));
  }
}

TEST_P(WebSocket, ClosesBehindWhatIsQueued) {
  serve([](Connection& connection) -> Awaitable<void> {
    connection.send(shared("one"));
    connection.send(shared("two"));
    connection.close(4410, "over");
    connection.close(4400, "too late");
    EXPECT_FALSE(connection.send(shared("three")));
    EXPECT_TRUE(connection.closing());
    EXPECT_FALSE(co_await connection.read());
  });
  BeastClient client(rig.port);
  EXPECT_EQ(client.read(), "one");
  EXPECT_EQ(client.read(), "two");
  EXPECT_EQ(client.closed(), 4410);
  EXPECT_EQ(client.stream.reason().reason, "over");
}

TEST_P(WebSocket, ReturningFromTheHandlerClosesNormally) {
  serve([](Connection&) -> Awaitable<void> { co_return; });
  BeastClient client(rig.port);
  EXPECT_EQ(client.closed(), 1000);
}

TEST_P(WebSocket, AHandlerThatThrowsClosesWith1011) {
  serve([](Connection&) -> Awaitable<void> {
    throw std::runtime_error("broken");
    co_return;
  });
  BeastClient client(rig.port);
  EXPECT_EQ(client.closed(), 1011);
  EXPECT_NE(rig.log->text().find("broken"), std::string::npos);
}

TEST_P(WebSocket, RefusesLargeAndBinaryMessages) {
  serve([](Connection& connection) -> Awaitable<void> {
    connection.read_limit(1000);
    EXPECT_FALSE(co_await connection.read());
  });
  BeastClient large(rig.port);
  boost::system::error_code ignored;
  large.stream.write(asio::buffer(std::string(1'000'000, 'x')), ignored);
  EXPECT_EQ(large.closed(), 1009);
  BeastClient binary(rig.port);
  binary.stream.binary(true);
  binary.send("x");
  EXPECT_EQ(binary.closed(), 1003);
}

TEST_P(WebSocket, AnIdleClientIsClosedWith4408) {
  serve([](Connection& connection) -> Awaitable<void> {
    connection.idle_limit(Millis(30));
    EXPECT_FALSE(co_await connection.read());
  });
  BeastClient client(rig.port);
  EXPECT_EQ(client.closed(), 4408);
}

TEST_P(WebSocket, PingsKeepAnIdleClientAndADeadOneIsGivenUp) {
  rig.options.limits.websocket_ping = Millis(20);
  std::promise<bool> ended;
  serve([&ended](Connection& connection) -> Awaitable<void> {
    const auto text = co_await connection.read();
    ended.set_value(text.has_value());
  });
  // A client that never reads, so never answers: nothing but the missing pongs ends it.
  RawClient client(rig.port);
  client.send(
      "GET /ws HTTP/1.1\r\nHost: files.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Protocol: ferry.signal.v1\r\n\r\n");
  EXPECT_FALSE(ended.get_future().get());
  const auto all = client.to_end();
  EXPECT_NE(all.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);  // RFC 6455 §1.3
  EXPECT_TRUE(all.ends_with(std::string("\x89\0\x89\0", 4)));              // two pings
}

TEST_P(WebSocket, AClientThatDoesNotReadIsClosedWith1013) {
  rig.options.limits.websocket_outbox = 64 * 1024;
  std::promise<void> over;
  serve([&over](Connection& connection) -> Awaitable<void> {
    const auto big = shared(std::string(16 * 1024, 'x'));
    while (connection.send(big)) {
      co_await sleep_for(Millis(0));
    }
    EXPECT_TRUE(connection.closing());
    over.set_value();
    EXPECT_FALSE(co_await connection.read());
  });
  BeastClient client(rig.port);
  over.get_future().wait();
  EXPECT_EQ(client.closed(), 1013);  // what was queued before still arrives
}

TEST_P(WebSocket, FloodsOfControlFramesAreClosedWith1008) {
  serve_echo();
  BeastClient client(rig.port);
  boost::system::error_code ignored;
  for (int i = 0; i < 50 && !ignored; ++i) {
    client.stream.ping("x", ignored);
  }
  EXPECT_EQ(client.closed(), 1008);
}

TEST_P(WebSocket, DrainClosesWith1012) {
  std::promise<void> entered;
  serve([&entered](Connection& connection) -> Awaitable<void> {
    entered.set_value();
    EXPECT_FALSE(co_await connection.read());
  });
  BeastClient client(rig.port);
  entered.get_future().wait();
  auto drained =
      asio::co_spawn(rig.loops.executor(0),
                     rig.server->drain(std::chrono::steady_clock::now() + std::chrono::seconds(10)),
                     asio::use_future);
  EXPECT_EQ(client.closed(), 1012);
  drained.get();
  EXPECT_EQ(rig.server->connections(), 0u);
}

TEST_P(WebSocket, RefusesHandshakesThatAreNotForUs) {
  serve_echo();
  const auto ask = [&](const std::string& fields) {
    return RawClient(rig.port)
        .ask("GET /ws HTTP/1.1\r\nHost: files.example\r\n" + fields + "\r\n")
        .status;
  };
  const std::string upgrade_fields = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::string protocol = "Sec-WebSocket-Protocol: a, ferry.signal.v1\r\n";
  EXPECT_EQ(ask(upgrade_fields + key + version + protocol), 101u);
  EXPECT_EQ(ask(key + version + protocol), 400u);
  EXPECT_EQ(ask(upgrade_fields + version + protocol), 400u);
  EXPECT_EQ(ask(upgrade_fields + "Sec-WebSocket-Key: short\r\n" + version + protocol), 400u);
  EXPECT_EQ(ask(upgrade_fields + key + "Sec-WebSocket-Version: 8\r\n" + protocol), 400u);
  EXPECT_EQ(ask(upgrade_fields + key + version), 400u);
  EXPECT_EQ(ask(upgrade_fields + key + version + protocol + "Origin: https://evil.example\r\n"),
            403u);
  EXPECT_EQ(ask(upgrade_fields + key + version + protocol + "Origin: http://files.example\r\n"),
            101u);
}

INSTANTIATE_TEST_SUITE_P(Transports, WebSocket, testing::Values(true, false),
                         [](const auto& param) { return param.param ? "Socket" : "Stream"; });

}  // namespace
}  // namespace ferry::websocket
