#pragma once
// One connection: reads requests, runs handlers, writes answers. Internal to http/.
#include "http/gate.hpp"
#include "http/server_core.hpp"
#include "net/expiry.hpp"
#include "net/stream.hpp"

#include <chrono>
#include <memory>
#include <span>
#include <string>

namespace ferry::websocket {
class Session;
}

namespace ferry::http {

class ConnectionBody;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerCore> core, net::Stream stream);
  ~Connection();

  Awaitable<void> run();

  /// On its loop: closes when idle or a WebSocket, else after the response.
  void drain();
  void abort();

 private:
  friend class ConnectionBody;
  enum class Phase { idle, header, body, write, handler, linger };

  struct Exchange;

  Awaitable<bool> read_head();
  Awaitable<bool> serve_one();
  Awaitable<void> refuse(Problem problem);
  Awaitable<Response> answer(Exchange& exchange);
  Awaitable<bool> respond(Exchange& exchange, Response response);
  Awaitable<bool> send(Exchange& exchange, Response& response, bool keep);
  Awaitable<bool> drain_body(ConnectionBody& body);
  Awaitable<void> open_websocket(Exchange& exchange, Response response);
  Awaitable<void> run_websocket();
  Awaitable<void> linger();

  void identify(Request& request, const net::ClientView& client) const;
  /// False: a field value is not fit to be sent.
  bool write_head(const Exchange& exchange, const Response& response, std::uint64_t length,
                  bool keep);
  void record(const Exchange& exchange, unsigned status);

  void enter(Phase phase, Millis limit);
  void leave();
  void on_expire();
  void answer_too_slow();

  /// Reads into `space`; 0 = the client is gone or too slow (timed_out_).
  Awaitable<std::size_t> receive(std::span<char> space);

  std::shared_ptr<ServerCore> core_;
  net::Stream stream_;
  const std::size_t loop_;
  net::Expiry expiry_;
  Phase phase_ = Phase::idle;
  bool timed_out_ = false;
  std::uint64_t served_ = 0;

  std::string buffer_;  ///< received and not yet used: from pos_
  std::size_t pos_ = 0;
  HeadScanner scanner_;
  std::string out_;  ///< header of the response
  std::uint64_t sent_ = 0;
  std::shared_ptr<websocket::Session> session_;  ///< once upgraded
  Upgrade upgrade_;                              ///< what to run on it
  std::string_view label_;                       ///< route of the upgrade
  std::string request_id_;                       ///< of the upgrade
};

}  // namespace ferry::http
