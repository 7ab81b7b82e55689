#pragma once
// What a route sees and answers: the only types that api/ shares with the HTTP server.
#include <ferry/blob_store.hpp>
#include <ferry/plugin.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ferry::websocket {
class Connection;
}

namespace ferry::http {

enum class Method { get, head, post, put, patch, del, options };

/// The request's body. Used by one coroutine at a time; what is not read is drained or the
/// connection is closed after the response.
class Body {
 public:
  virtual ~Body();
  /// Bytes announced by Content-Length; nothing when chunked.
  virtual std::optional<std::uint64_t> length() const = 0;
  /// Next piece, empty = end. Valid until the next call. Errors: timeout (client too slow),
  /// cancelled (client gone), invalid_argument (malformed chunking).
  virtual Awaitable<Result<ByteView>> read() = 0;
  /// The whole body if it is at most `limit` bytes, else too_large.
  Awaitable<Result<std::string>> read_all(std::size_t limit);
};

class Request {
 public:
  Method method = Method::get;
  std::string path;       ///< percent-decoded, starts with '/', no NUL, no dot segments
  std::string target;     ///< as sent: raw path and query
  std::string query;      ///< without '?', still encoded
  std::string id;         ///< request id, 22 characters
  std::string client_ip;  ///< canonical text; behind trusted proxies the client's own
  bool secure = false;    ///< https as the client sees it
  std::string host;       ///< Host as the client sees it
  Body* body = nullptr;   ///< never null inside a handler

  /// Value of a field (names without regard to case), empty when absent. Fields that must be
  /// single are guaranteed single by the gate.
  std::string_view header(std::string_view name) const;
  bool has(std::string_view name) const;
  /// Value of a `{name}` segment of the matched route.
  std::string_view param(std::string_view name) const;
  /// "Bearer x" → x, else empty.
  std::string_view bearer() const;

  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::vector<std::pair<std::string, std::string>> params;
};

/// Runs after 101, when the request is gone; the connection is closed when it returns.
using Upgrade = std::function<Awaitable<void>(websocket::Connection& connection)>;

/// Bytes of a blob: sent with sendfile where the transport allows.
struct BlobBody {
  std::unique_ptr<BlobReader> reader;
};

class Response {
 public:
  Response() = default;
  explicit Response(unsigned s) : status(s) {}

  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  /// No body, owned text, text shared with a cache, a blob's range, or a WebSocket.
  std::variant<std::monostate, std::string, SharedBytes, BlobBody, Upgrade> body;
  bool close = false;  ///< close the connection after the response

  /// `value` must come from our own code or an encoder: the server refuses (500) to send a value
  /// with control characters.
  Response& set(std::string name, std::string value);
  static Response json(unsigned status, std::string text);
  static Response text(unsigned status, std::string text);
};

/// An RFC 9110 interim response (e.g. 100-continue) is sent by the server on the first body read.
using Handler = std::function<Awaitable<Response>(Request& request)>;

}  // namespace ferry::http
