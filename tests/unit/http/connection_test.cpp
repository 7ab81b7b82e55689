#include "http/message.hpp"
#include "http/problem_response.hpp"
#include "runtime/spawn.hpp"
#include "support/http_rig.hpp"

#include <gtest/gtest.h>

namespace ferry::http {
namespace {

namespace asio = boost::asio;
using test::HttpRig;
using test::RawClient;

Awaitable<Response> hello(Request& request) {
  co_return Response::text(200, "hello " + request.path);
}

Awaitable<Response> echo(Request& request) {
  auto body = co_await request.body->read_all(1 << 20);
  if (!body) {
    co_return problem_response(request,
                               Problem(ProblemType::malformed_request, body.error().detail));
  }
  co_return Response::text(200, *body);
}

/// Counts the bytes of a body of any size.
Awaitable<Response> count(Request& request) {
  std::uint64_t n = 0;
  for (;;) {
    const auto piece = co_await request.body->read();
    if (!piece || piece->empty()) {
      break;
    }
    n += piece->size();
  }
  co_return Response::text(200, std::to_string(n));
}

Awaitable<Response> ignore_body(Request&) {
  co_return Response(204);
}

class HttpConnection : public testing::Test {
 protected:
  void start() {
    rig.router.add(Method::get, "/hello/{name}", hello);
    rig.router.add(Method::post, "/echo", echo);
    rig.router.add(Method::put, "/count", count);
    rig.router.add(Method::post, "/ignore", ignore_body);
    rig.start();
  }
  HttpRig rig;
};

TEST_F(HttpConnection, AnswersAndKeepsTheConnection) {
  start();
  RawClient client(rig.port);
  const auto first = client.ask("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(first.status, 200u);
  EXPECT_EQ(first.body, "hello /hello/a");
  EXPECT_EQ(first.field("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(first.field("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(first.field("X-Request-Id").size(), 22u);
  EXPECT_EQ(first.field("Connection"), "");
  const auto second = client.ask("GET /hello/b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(second.body, "hello /hello/b");
  EXPECT_NE(first.field("X-Request-Id"), second.field("X-Request-Id"));
}

TEST_F(HttpConnection, AnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(rig.port);
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += "GET /hello/" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    requests += "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    requests +=
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.answer().body, "hello /hello/" + std::to_string(i));
    EXPECT_EQ(client.answer().body, "abc");
    EXPECT_EQ(client.answer().body, "de");
  }
}

TEST_F(HttpConnection, ReadsAHeaderThatArrivesByteByByte) {
  start();
  RawClient client(rig.port);
  for (const char c : std::string("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.answer().status, 200u);
}

TEST_F(HttpConnection, AnswersHeadWithoutBody) {
  start();
  RawClient client(rig.port);
  const auto head = client.ask("HEAD /hello/a HTTP/1.1\r\nHost: x\r\n\r\n", true);
  EXPECT_EQ(head.status, 200u);
  EXPECT_EQ(head.field("Content-Length"), "14");
  EXPECT_EQ(client.ask("GET /hello/b HTTP/1.1\r\nHost: x\r\n\r\n").body, "hello /hello/b");
}

TEST_F(HttpConnection, NamesTheMethodsOfAPathThatHasOthers) {
  start();
  RawClient client(rig.port);
  const auto answer = client.ask("DELETE /hello/a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.status, 405u);
  EXPECT_EQ(answer.field("Allow"), "GET, HEAD");
  EXPECT_EQ(answer.field("Content-Type"), "application/problem+json");
  EXPECT_NE(answer.body.find("urn:ferry:problem:method-not-allowed"), std::string::npos);
  const auto missing = client.ask("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(missing.status, 404u);
  EXPECT_NE(missing.body.find(missing.field("X-Request-Id")), std::string::npos);
}

TEST_F(HttpConnection, RefusesWhatTheGateRefusesAndCloses) {
  start();
  RawClient client(rig.port);
  // The second request must not be answered: after the first nothing can be trusted.
  client.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n"
      "GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n");
  client.end();
  const auto all = client.to_end();
  EXPECT_EQ(all.find("HTTP/1.1 400"), 0u);
  EXPECT_NE(all.find("Connection: close"), std::string::npos);
  EXPECT_NE(all.find("malformed-request"), std::string::npos);
  EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos);
}

TEST_F(HttpConnection, RefusesAHeaderThatIsTooLarge) {
  start();
  RawClient client(rig.port);
  client.send("GET /hello/a HTTP/1.1\r\nHost: x\r\nA: " + std::string(17000, 'a'));
  client.end();
  EXPECT_EQ(client.to_end().find("HTTP/1.1 431"), 0u);
}

TEST_F(HttpConnection, Sends100ContinueOnlyWhenTheBodyIsRead) {
  start();
  RawClient reads(rig.port);
  reads.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(reads.exactly(25), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(reads.ask("abc").body, "abc");

  RawClient refused(rig.port);
  const auto answer = refused.ask(
      "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(answer.status, 204u);
  EXPECT_EQ(answer.field("Connection"), "close");
}

TEST_F(HttpConnection, DrainsASmallBodyThatNobodyRead) {
  start();
  RawClient client(rig.port);
  const auto answer =
      client.ask("POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" +
                 std::string(100000, 'x'));
  EXPECT_EQ(answer.status, 204u);
  EXPECT_EQ(client.ask("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n").status, 200u);
}

TEST_F(HttpConnection, ClosesInsteadOfDrainingALargeBody) {
  start();
  RawClient client(rig.port);
  const auto answer =
      client.ask("POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
  EXPECT_EQ(answer.status, 204u);
  EXPECT_EQ(answer.field("Connection"), "close");
  client.end();
  EXPECT_EQ(client.to_end(), "");
}

TEST_F(HttpConnection, ReadsLargeBodiesInBothCodings) {
  start();
  RawClient client(rig.port);
  const std::string body(3'000'000, 'x');
  EXPECT_EQ(
      client.ask("PUT /count HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + body).body,
      "3000000");
  std::string chunked = "PUT /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 30; ++i) {
    chunked += "186a0\r\n" + body.substr(0, 100000) + "\r\n";
  }
  EXPECT_EQ(client.ask(chunked + "0\r\n\r\n").body, "3000000");
  EXPECT_EQ(client.ask("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n").status, 200u);
}

TEST_F(HttpConnection, MalformedChunkingEndsTheConnection) {
  start();
  RawClient client(rig.port);
  const auto answer = client.ask(
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3;ext=1\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(answer.field("Connection"), "close");
}

TEST_F(HttpConnection, ASlowHeaderIsAnswered408) {
  rig.options.limits.header = Millis(50);
  start();
  RawClient client(rig.port);
  client.send("GET /hello/a HTTP/1.1\r\nHo");
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 408u);
  EXPECT_NE(answer.body.find("too-slow"), std::string::npos);
  EXPECT_EQ(client.to_end(), "");
}

TEST_F(HttpConnection, ASlowBodyIsAnswered408) {
  rig.options.limits.body_window = Millis(50);
  start();
  RawClient client(rig.port);
  const auto answer = client.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
  EXPECT_EQ(answer.status, 408u);
  EXPECT_EQ(client.to_end(), "");
}

TEST_F(HttpConnection, AnIdleConnectionIsClosedSilently) {
  rig.options.limits.keep_alive = Millis(50);
  start();
  RawClient client(rig.port);
  EXPECT_EQ(client.ask("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n").status, 200u);
  EXPECT_EQ(client.to_end(), "");
}

TEST_F(HttpConnection, EndsAfterTheLastRequestThatIsAllowed) {
  rig.options.limits.requests = 2;
  start();
  RawClient client(rig.port);
  EXPECT_EQ(client.ask("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n").field("Connection"), "");
  EXPECT_EQ(client.ask("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n").field("Connection"), "close");
  EXPECT_EQ(client.to_end(), "");
}

TEST_F(HttpConnection, ServesHttp10WithItsOwnRules) {
  start();
  RawClient closes(rig.port);
  EXPECT_EQ(closes.ask("GET /hello/a HTTP/1.0\r\nHost: x\r\n\r\n").field("Connection"), "close");
  EXPECT_EQ(closes.to_end(), "");
  RawClient keeps(rig.port);
  EXPECT_EQ(keeps.ask("GET /hello/a HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
                .field("Connection"),
            "keep-alive");
}

TEST_F(HttpConnection, AHandlerThatThrowsIsA500) {
  rig.router.add(Method::get, "/throw", [](Request&) -> Awaitable<Response> {
    throw std::runtime_error("the wheel came off");
    co_return Response(200);
  });
  start();
  RawClient client(rig.port);
  const auto answer = client.ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.status, 500u);
  EXPECT_EQ(answer.body.find("wheel"), std::string::npos);
  EXPECT_NE(rig.log->text().find("the wheel came off"), std::string::npos);
  EXPECT_EQ(client.ask("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n").status, 200u);
}

TEST_F(HttpConnection, NeverSendsAFieldWithControlCharacters) {
  rig.router.add(Method::get, "/split", [](Request&) -> Awaitable<Response> {
    Response r(200);
    r.set("X-Name", "a\r\nSet-Cookie: b");
    co_return r;
  });
  start();
  RawClient client(rig.port);
  const auto answer = client.ask("GET /split HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.status, 500u);
  EXPECT_EQ(answer.head.find("Set-Cookie"), std::string::npos);
}

TEST_F(HttpConnection, RefusesHostsThatAreNotOurs) {
  rig.options.public_hosts = {"files.example.org"};
  start();
  RawClient client(rig.port);
  EXPECT_EQ(client.ask("GET /hello/a HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 421u);
  EXPECT_EQ(client.ask("GET /hello/a HTTP/1.1\r\nHost: Files.example.org:8080\r\n\r\n").status,
            200u);
}

TEST_F(HttpConnection, BelievesProxyFieldsOnlyFromTrustedPeers) {
  rig.router.add(Method::get, "/who", [](Request& request) -> Awaitable<Response> {
    co_return Response::text(200, request.client_ip + " " + (request.secure ? "https" : "http") +
                                      " " + request.host + " " + request.id);
  });
  const std::string request =
      "GET /who HTTP/1.1\r\nHost: inside\r\nX-Forwarded-For: 203.0.113.9\r\n"
      "X-Forwarded-Proto: https\r\nX-Forwarded-Host: files.example\r\nX-Request-Id: abc-1\r\n\r\n";
  {
    HttpRig other;
    other.router.add(Method::get, "/who", [](Request& r) -> Awaitable<Response> {
      co_return Response::text(200,
                               r.client_ip + " " + (r.secure ? "https" : "http") + " " + r.host);
    });
    other.start();
    EXPECT_EQ(RawClient(other.port).ask(request).body, "127.0.0.1 http inside");
  }
  rig.options.trusted_proxies = *net::AddressSet::parse({"127.0.0.1"});
  start();
  EXPECT_EQ(RawClient(rig.port).ask(request).body, "203.0.113.9 https files.example abc-1");
}

TEST_F(HttpConnection, CountsRequestsByRouteAndNotByPath) {
  start();
  RawClient client(rig.port);
  client.ask("GET /hello/secret-name HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ask("GET /hello/other HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ask("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  // A request is counted when its response is out; the next response proves that it is.
  client.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  const auto text = rig.metrics.render();
  EXPECT_NE(text.find("ferry_http_requests_total{route=\"/hello/{name}\",method=\"GET\",status="
                      "\"200\"} 2\n"),
            std::string::npos);
  EXPECT_NE(text.find("{route=\"unmatched\",method=\"GET\",status=\"404\"} 1\n"),
            std::string::npos);
  EXPECT_EQ(text.find("secret-name"), std::string::npos);
}

TEST_F(HttpConnection, CapsConnectionsPerAddress) {
  rig.options.limits.uncounted = {};
  rig.options.limits.connections_per_address = 2;
  start();
  RawClient first(rig.port);
  RawClient second(rig.port);
  EXPECT_EQ(first.ask("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n").status, 200u);
  EXPECT_EQ(second.ask("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n").status, 200u);
  RawClient third(rig.port);
  EXPECT_EQ(third.to_end(), "");
  EXPECT_NE(rig.metrics.render().find("ferry_connections_rejected_total{reason=\"address\"} 1\n"),
            std::string::npos);
}

TEST_F(HttpConnection, DrainClosesIdleConnectionsAndFinishesTheOthers) {
  // The handler waits until the test lets it go.
  std::promise<void> entered;
  std::atomic<bool> go{false};
  rig.router.add(Method::get, "/slow", [&](Request&) -> Awaitable<Response> {
    entered.set_value();
    while (!go) {
      co_await sleep_for(Millis(1));
    }
    co_return Response::text(200, "done");
  });
  start();
  RawClient idle(rig.port);
  EXPECT_EQ(idle.ask("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n").status, 200u);
  RawClient busy(rig.port);
  busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.get_future().wait();

  auto drained =
      asio::co_spawn(rig.loops.executor(0),
                     rig.server->drain(std::chrono::steady_clock::now() + std::chrono::seconds(10)),
                     asio::use_future);
  EXPECT_EQ(idle.to_end(), "");
  go = true;
  const auto answer = busy.answer();
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_EQ(busy.to_end(), "");
  drained.get();
  EXPECT_EQ(rig.server->connections(), 0u);
  EXPECT_THROW(RawClient(rig.port), std::runtime_error);
}

}  // namespace
}  // namespace ferry::http
