#include "http/connection.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/time.hpp"
#include "http/chunked.hpp"
#include "http/problem_response.hpp"
#include "net/io_block.hpp"
#include "net/write.hpp"
#include "websocket/session.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <optional>

namespace ferry::http {
namespace asio = boost::asio;
namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadSize = 4 * 1024;
constexpr std::uint64_t kSmallBlob =
    16 * 1024;  // cheaper copied behind the header than by sendfile
constexpr std::uint64_t kMaxDrain = 256 * 1024;  // unread body that is worth keeping a connection
constexpr Millis kLinger{2000};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view reason_phrase(unsigned status) noexcept {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 421: return "Misdirected Request";
    case 423: return "Locked";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 460: return "Checksum Mismatch";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

bool equal_nocase(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

/// 22 characters. The kernel is asked once for many, by each thread.
std::string new_request_id() {
  constexpr std::size_t kSize = 16;
  static thread_local Bytes pool;
  if (pool.size() < kSize) {
    pool = random_bytes(64 * kSize);
  }
  auto id = base64url({pool.data() + pool.size() - kSize, kSize});
  pool.resize(pool.size() - kSize);
  return id;
}

bool is_request_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

const std::string& date_now() {
  static thread_local std::time_t second = 0;
  static thread_local std::string text;
  const auto now = std::chrono::system_clock::now();
  if (const auto t = std::chrono::system_clock::to_time_t(now); t != second || text.empty()) {
    second = t;
    text = http_date(now);
  }
  return text;
}

bool is_field_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_field_value(std::string_view value) noexcept {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && c != '\t') || u == 0x7f;
  });
}

std::optional<std::uint64_t> body_size(const Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    return text->size();
  }
  if (const auto* shared = std::get_if<SharedBytes>(&response.body)) {
    return *shared ? (*shared)->size() : 0;
  }
  if (const auto* blob = std::get_if<BlobBody>(&response.body)) {
    return blob->reader ? blob->reader->remaining() : 0;
  }
  return std::nullopt;
}

const std::string* find_header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (equal_nocase(key, name)) {
      return &value;
    }
  }
  return nullptr;
}

/// Written by the connection itself, whatever a handler says.
bool is_framing(std::string_view name) noexcept {
  return equal_nocase(name, "content-length") || equal_nocase(name, "transfer-encoding") ||
         equal_nocase(name, "connection") || equal_nocase(name, "date") ||
         equal_nocase(name, "x-request-id");
}

}  // namespace

class ConnectionBody final : public Body {
 public:
  ConnectionBody(Connection& connection, const Head& head, const net::Limits& limits)
      : connection_(connection),
        length_(head.chunked ? std::nullopt : std::optional(head.length.value_or(0))),
        left_(head.length.value_or(0)),
        continue_(head.expects_continue),
        done_(!head.has_body()),
        rate_(limits.body_rate, limits.body_window) {}

  std::optional<std::uint64_t> length() const override { return length_; }

  Awaitable<Result<ByteView>> read() override {
    if (failed_) {
      co_return Error(Errc::cancelled, "the request body has failed");
    }
    while (!done_) {
      if (auto piece = take()) {
        co_return as_bytes(*piece);
      }
      if (done_) {
        break;
      }
      if (malformed_) {
        failed_ = true;
        co_return Error(Errc::invalid_argument, "the chunked coding is malformed");
      }
      const bool received = co_await receive();
      if (!received) {
        failed_ = true;
        co_return connection_.timed_out_ ? Error(Errc::timeout, "the client sends too slowly")
                                         : Error(Errc::cancelled, "the client went away");
      }
    }
    co_return ByteView();
  }

  bool done() const noexcept { return done_; }
  /// The connection can go on after this body, once it is drained.
  bool reusable() const noexcept {
    return done_ || (!failed_ && !malformed_ && !continue_ && left_ <= kMaxDrain);
  }
  std::uint64_t received() const noexcept { return received_; }

 private:
  /// What has been received and not been given out: behind the header, or in the block.
  std::string_view input() const noexcept {
    if (connection_.pos_ < connection_.buffer_.size()) {
      return std::string_view(connection_.buffer_).substr(connection_.pos_);
    }
    return block_ ? std::string_view(reinterpret_cast<const char*>(block_->bytes().data()) + from_,
                                     to_ - from_)
                  : std::string_view();
  }
  void used(std::size_t n) noexcept {
    if (connection_.pos_ < connection_.buffer_.size()) {
      connection_.pos_ += n;
    } else {
      from_ += n;
    }
  }

  std::optional<std::string_view> take() {
    const auto available = input();
    if (length_) {
      const auto piece = available.substr(
          0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, available.size())));
      used(piece.size());
      left_ -= piece.size();
      received_ += piece.size();
      // Only a last empty take() says "done", so that the piece before it stays valid.
      if (piece.empty() && left_ == 0) {
        finish();
      }
      return piece.empty() ? std::nullopt : std::optional(piece);
    }
    const auto step = decoder_.next(available);
    used(step.used);
    switch (step.state) {
      case ChunkedDecoder::State::data: received_ += step.data.size(); return step.data;
      case ChunkedDecoder::State::done: finish(); break;
      case ChunkedDecoder::State::malformed: malformed_ = true; break;
      case ChunkedDecoder::State::more: break;
    }
    return std::nullopt;
  }

  /// What the block holds beyond the body is the next request.
  void finish() {
    done_ = true;
    if (block_ && from_ < to_) {
      const auto rest = input();
      connection_.buffer_.assign(rest);
      connection_.pos_ = 0;
    }
    block_.reset();
  }

  Awaitable<bool> receive() {
    if (std::exchange(continue_, false)) {
      net::Progress progress(connection_.expiry_, connection_.core_->options.limits.stall);
      connection_.phase_ = Connection::Phase::write;
      const auto ec =
          co_await net::write_all(connection_.stream_, asio::buffer(kContinue), {}, progress);
      if (ec) {
        co_return false;
      }
    }
    if (!block_) {
      block_.emplace();
    }
    const auto space = block_->bytes();
    const auto want = length_ ? std::min<std::uint64_t>(left_, space.size()) : space.size();
    const auto start = net::Expiry::Clock::now();
    connection_.enter(Connection::Phase::body, rate_.allowance());
    const auto n = co_await connection_.receive(
        {reinterpret_cast<char*>(space.data()), static_cast<std::size_t>(want)});
    connection_.leave();
    rate_.received(n, std::chrono::duration_cast<Millis>(net::Expiry::Clock::now() - start));
    from_ = 0;
    to_ = n;
    co_return n > 0;
  }

  Connection& connection_;
  const std::optional<std::uint64_t> length_;
  std::uint64_t left_;
  bool continue_;  ///< a 100 is still owed
  bool done_;
  bool failed_ = false;
  bool malformed_ = false;
  net::MinimumRate rate_;
  ChunkedDecoder decoder_;
  std::optional<net::IoBlock> block_;
  std::size_t from_ = 0;
  std::size_t to_ = 0;
  std::uint64_t received_ = 0;
};

struct Connection::Exchange {
  Head head;
  Request request;
  std::optional<ConnectionBody> body;
  std::string_view label = "malformed";
  net::Expiry::Clock::time_point start = net::Expiry::Clock::now();
  bool refused = false;  ///< by the gate: nothing that follows can be trusted
};

Connection::Connection(std::shared_ptr<ServerCore> core, net::Stream stream)
    : core_(std::move(core)),
      stream_(std::move(stream)),
      loop_(Loops::this_loop()),
      expiry_(stream_.get_executor(), [this] { on_expire(); }) {
  core_->loop(loop_).live.insert(this);
}

Connection::~Connection() {
  core_->loop(loop_).live.erase(this);
}

Awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  for (bool again = true; again;) {
    again = co_await read_head();
    if (again) {
      again = co_await serve_one();
    }
  }
  if (session_) {
    co_await run_websocket();
    co_return;
  }
  if (stream_.peer().encrypted && phase_ != Phase::linger) {
    enter(Phase::linger, kLinger);
    co_await stream_.async_shutdown(kTuple);
  }
  stream_.close();
}

void Connection::enter(Phase phase, Millis limit) {
  phase_ = phase;
  expiry_.after(limit);
}

void Connection::leave() {
  phase_ = Phase::handler;
  expiry_.disarm();
}

void Connection::on_expire() {
  if (answered_) {  // a body that is only drained: another answer would be one too many
    stream_.close();
    return;
  }
  switch (phase_) {
    case Phase::header:
      core_->timeouts_header.add();
      timed_out_ = true;
      answer_too_slow();
      return;
    case Phase::body:
      core_->timeouts_body.add();
      timed_out_ = true;
      answer_too_slow();
      return;
    case Phase::write: core_->timeouts_write.add(); break;
    case Phase::idle:
    case Phase::handler:
    case Phase::linger: break;
  }
  stream_.close();
}

/// A read is outstanding and no write is: the answer goes out beside it, and the read ends with
/// the client's reaction or with the next expiry.
void Connection::answer_too_slow() {
  enter(Phase::linger, kLinger);
  Exchange exchange;
  exchange.request.id = new_request_id();
  auto response = problem_response(exchange.request, Problem(ProblemType::too_slow));
  const auto& text = std::get<std::string>(response.body);
  write_head(exchange, response, text.size(), false);
  auto bytes = std::make_shared<std::string>(out_ + text);
  auto buffer = std::make_shared<asio::const_buffer>(bytes->data(), bytes->size());
  auto* where = buffer.get();
  stream_.impl().write_some(
      {where, 1}, IoHandler([self = shared_from_this(), bytes, buffer](boost::system::error_code ec,
                                                                       std::size_t) {
        if (!ec) {
          self->stream_.impl().shutdown(DoneHandler([self](boost::system::error_code) {}));
        }
      }));
}

Awaitable<std::size_t> Connection::receive(std::span<char> space) {
  const auto [ec, n] =
      co_await stream_.async_read_some(asio::buffer(space.data(), space.size()), kTuple);
  co_return ec || timed_out_ ? 0 : n;
}

Awaitable<bool> Connection::read_head() {
  buffer_.erase(0, pos_);
  pos_ = 0;
  scanner_.reset();
  phase_ = Phase::idle;
  answered_ = false;
  for (;;) {
    switch (scanner_.scan(buffer_)) {
      case HeadScanner::State::complete: leave(); co_return true;
      case HeadScanner::State::malformed:
        co_await refuse(Problem(ProblemType::malformed_request, "a header line ends wrongly"));
        co_return false;
      case HeadScanner::State::too_large:
        co_await refuse(Problem(ProblemType::headers_too_large));
        co_return false;
      case HeadScanner::State::more: break;
    }
    const auto& limits = core_->options.limits;
    if (!buffer_.empty()) {
      if (phase_ == Phase::idle) {
        enter(Phase::header, limits.header);
      }
    } else if (core_->draining.load(std::memory_order_relaxed)) {
      co_return false;
    } else {
      enter(Phase::idle, served_ == 0 ? limits.header : limits.keep_alive);
    }
    const auto had = buffer_.size();
    buffer_.resize(had + kReadSize);
    const auto n = co_await receive({buffer_.data() + had, kReadSize});
    buffer_.resize(had + n);
    if (n == 0) {
      if (timed_out_) {
        co_await linger();
      }
      co_return false;
    }
  }
}

Awaitable<void> Connection::refuse(Problem problem) {
  core_->parse_errors.add();
  Exchange exchange;
  exchange.refused = true;
  exchange.request.id = new_request_id();
  auto response = problem_response(exchange.request, problem);
  co_await respond(exchange, std::move(response));
}

void Connection::identify(Request& request, const net::ClientView& client) const {
  request.client_ip = client.ip;
  request.secure = client.secure;
  request.host = client.host;
  const auto inbound = request.header("x-request-id");
  request.id =
      client.trusted_proxy && is_request_id(inbound) ? std::string(inbound) : new_request_id();
}

Awaitable<bool> Connection::serve_one() {
  ++served_;
  auto head = parse_head(std::string_view(buffer_).substr(0, scanner_.size()));
  pos_ = scanner_.size();
  if (!head) {
    co_await refuse(head.error());
    co_return false;
  }
  Exchange exchange;
  exchange.head = std::move(*head);
  auto& request = exchange.request;
  request.method = exchange.head.method;
  request.target = std::move(exchange.head.target);
  request.path = std::move(exchange.head.path);
  request.query = std::move(exchange.head.query);
  request.headers = std::move(exchange.head.fields);
  exchange.body.emplace(*this, exchange.head, core_->options.limits);
  request.body = &*exchange.body;

  net::ForwardedFields fields;
  fields.forwarded_for = request.header("x-forwarded-for");
  fields.forwarded_proto = request.header("x-forwarded-proto");
  fields.forwarded_host = request.header("x-forwarded-host");
  const auto client = net::client_view(stream_.peer().address, stream_.peer().encrypted,
                                       exchange.head.host, fields, core_->options.trusted_proxies);
  if (!client) {
    co_await refuse(Problem(ProblemType::malformed_request, "X-Forwarded-For is too long"));
    co_return false;
  }
  identify(request, *client);

  core_->inflight.add(1);
  auto response = co_await answer(exchange);
  core_->inflight.add(-1);
  if (timed_out_) {
    record(exchange, 408);
    co_await linger();
    co_return false;
  }
  if (std::holds_alternative<Upgrade>(response.body)) {
    co_await open_websocket(exchange, std::move(response));
    co_return false;
  }
  co_return co_await respond(exchange, std::move(response));
}

Awaitable<Response> Connection::answer(Exchange& exchange) {
  auto& request = exchange.request;
  if (!host_allowed(request.host, core_->options.public_hosts)) {
    exchange.label = "unmatched";
    co_return problem_response(request, Problem(ProblemType::wrong_host));
  }
  const auto match = core_->router.find(request);
  exchange.label = match.label;
  if (match.handler == nullptr) {
    if (match.allowed.empty()) {
      co_return problem_response(request, Problem(ProblemType::not_found));
    }
    auto response = problem_response(request, Problem(ProblemType::method_not_allowed));
    std::string allow;
    for (const auto method : match.allowed) {
      allow += allow.empty() ? "" : ", ";
      allow += name_of(method);
    }
    response.set("Allow", std::move(allow));
    co_return response;
  }
  std::string failure;
  try {
    co_return co_await (*match.handler)(request);
  } catch (const std::exception& e) {
    failure = e.what();
  } catch (...) {
    failure = "unknown exception";
  }
  core_->log.error("a handler failed",
                   {{"route", match.label}, {"req_id", request.id}, {"error", failure}});
  co_return problem_response(request, Problem(ProblemType::internal));
}

bool Connection::write_head(const Exchange& exchange, const Response& response,
                            std::uint64_t length, bool keep) {
  const auto line = [this](std::string_view name, std::string_view value) {
    out_ += name;
    out_ += ": ";
    out_ += value;
    out_ += "\r\n";
  };
  out_.clear();
  out_ += "HTTP/1.1 ";
  out_ += std::to_string(response.status);
  out_ += ' ';
  out_ += reason_phrase(response.status);
  out_ += "\r\n";
  line("Date", date_now());
  line("X-Request-Id", exchange.request.id);
  bool sniff = false;
  bool referrer = false;
  for (const auto& [name, value] : response.headers) {
    if (!is_field_name(name) || !is_field_value(value)) {
      return false;
    }
    sniff = sniff || equal_nocase(name, "x-content-type-options");
    referrer = referrer || equal_nocase(name, "referrer-policy");
    if (response.status == 101 || !is_framing(name)) {
      line(name, value);
    }
  }
  if (response.status == 101) {
    out_ += "\r\n";
    return true;
  }
  if (!sniff) {
    line("X-Content-Type-Options", "nosniff");
  }
  if (!referrer) {
    line("Referrer-Policy", "no-referrer");
  }
  if (response.status != 204 && response.status != 304) {
    line("Content-Length", std::to_string(length));
  }
  if (!keep) {
    line("Connection", "close");
  } else if (exchange.head.minor == 0) {
    line("Connection", "keep-alive");
  }
  out_ += "\r\n";
  return true;
}

Awaitable<bool> Connection::respond(Exchange& exchange, Response response) {
  const bool body_ok = !exchange.body || exchange.body->reusable();
  const bool keep = !exchange.refused && exchange.head.keep_alive && !response.close && body_ok &&
                    served_ < core_->options.limits.requests &&
                    !core_->draining.load(std::memory_order_relaxed);
  const bool sent = co_await send(exchange, response, keep);
  record(exchange, response.status);
  if (!sent) {
    co_return false;
  }
  if (keep && exchange.body && !exchange.body->done()) {
    answered_ = true;
    co_return co_await drain_body(*exchange.body);
  }
  if (!keep && (exchange.refused || (exchange.body && !exchange.body->done()))) {
    co_await linger();
  }
  co_return keep;
}

Awaitable<bool> Connection::send(Exchange& exchange, Response& response, bool keep) {
  sent_ = 0;
  auto length = body_size(response).value_or(0);
  const bool head_only = exchange.head.head;
  if (head_only) {
    if (const auto* announced = find_header(response, "content-length")) {
      length = std::strtoull(announced->c_str(), nullptr, 10);
    }
  }
  if (!write_head(exchange, response, length, keep)) {
    core_->log.error("a response has a field that must not be sent",
                     {{"route", exchange.label}, {"req_id", exchange.request.id}});
    response = problem_response(exchange.request, Problem(ProblemType::internal));
    length = body_size(response).value_or(0);
    write_head(exchange, response, length, keep);
  }
  const bool no_body = head_only || response.status == 204 || response.status == 304;
  asio::const_buffer text;
  if (!no_body) {
    if (const auto* own = std::get_if<std::string>(&response.body)) {
      text = asio::buffer(*own);
    } else if (const auto* shared = std::get_if<SharedBytes>(&response.body); shared && *shared) {
      text = asio::buffer(**shared);
    }
  }
  BlobReader* blob = nullptr;
  if (const auto* body = std::get_if<BlobBody>(&response.body); body != nullptr && !no_body) {
    blob = body->reader.get();
  }
  std::optional<net::IoBlock> small;
  if (blob != nullptr && blob->remaining() <= kSmallBlob) {
    const auto space = small.emplace().bytes();
    std::size_t filled = 0;
    while (blob->remaining() > 0) {
      const auto n = co_await blob->read(space.subspan(filled));
      if (!n || *n == 0) {
        co_return false;
      }
      filled += *n;
    }
    text = asio::buffer(space.data(), filled);
    blob = nullptr;
  }
  phase_ = Phase::write;
  net::Progress progress(expiry_, core_->options.limits.stall);
  auto ec = co_await net::write_all(stream_, asio::buffer(out_), text, progress);
  if (!ec && blob != nullptr) {
    const bool plain = stream_.impl().sendfile_socket() >= 0;
    auto file = plain ? blob->take_file() : std::nullopt;
    if (file) {
      ec = co_await net::send_file(stream_, *file, progress);
    } else {
      ec = co_await net::send_blocks(stream_, *blob, progress);
    }
  }
  leave();
  sent_ = progress.sent;
  co_return !ec;
}

Awaitable<bool> Connection::drain_body(ConnectionBody& body) {
  std::uint64_t drained = 0;
  while (!body.done()) {
    const auto piece = co_await body.read();
    if (!piece) {
      if (timed_out_ || piece.error().code == Errc::invalid_argument) {
        co_await linger();
      }
      co_return false;
    }
    drained += piece->size();
    if (drained > kMaxDrain) {
      co_await linger();
      co_return false;
    }
  }
  co_return true;
}

/// Ends our side and reads what the client still sends: closing with unread bytes would reset the
/// connection, and the client might never see the answer.
Awaitable<void> Connection::linger() {
  if (phase_ != Phase::linger) {
    enter(Phase::linger, kLinger);
    co_await stream_.async_shutdown(kTuple);
  }
  const net::IoBlock scratch;
  const auto space = scratch.bytes();
  for (;;) {
    const auto [ec, n] =
        co_await stream_.async_read_some(asio::buffer(space.data(), space.size()), kTuple);
    if (ec || n == 0) {
      co_return;
    }
  }
}

Awaitable<void> Connection::open_websocket(Exchange& exchange, Response response) {
  const bool sent = co_await send(exchange, response, true);
  record(exchange, response.status);
  if (!sent) {
    co_return;
  }
  const auto& limits = core_->options.limits;
  websocket::SessionOptions options;
  options.outbox = limits.websocket_outbox;
  options.ping = limits.websocket_ping;
  const auto early = std::string_view(buffer_).substr(pos_);
  session_ = websocket::Session::make(std::move(stream_), early, options);
  upgrade_ = std::move(std::get<Upgrade>(response.body));
  label_ = exchange.label;
  request_id_ = std::move(exchange.request.id);
}

/// Runs after the exchange of the upgrade is gone: an idle socket keeps nothing of it in memory.
Awaitable<void> Connection::run_websocket() {
  // Swapped, because assigning an empty string keeps the memory.
  std::string().swap(buffer_);
  std::string().swap(out_);
  if (core_->draining.load(std::memory_order_relaxed)) {
    session_->close(1012, "draining");
  }
  core_->websockets.add(1);
  std::string failure;
  try {
    co_await upgrade_(*session_);
  } catch (const std::exception& e) {
    failure = e.what();
  } catch (...) {
    failure = "unknown exception";
  }
  if (!failure.empty()) {
    core_->log.error("a WebSocket handler failed",
                     {{"route", label_}, {"req_id", request_id_}, {"error", failure}});
    session_->close(1011, "internal error");
  }
  co_await session_->finish();
  core_->websockets.add(-1);
}

void Connection::record(const Exchange& exchange, unsigned status) {
  const auto elapsed = std::chrono::duration<double>(net::Expiry::Clock::now() - exchange.start);
  const auto received = exchange.body ? exchange.body->received() : 0;
  core_->stats(loop_, exchange.label)
      .record(exchange.request.method, status, elapsed.count(), received, sent_);
  if (core_->log.enabled(LogLevel::debug)) {
    core_->log.debug("request", {{"req_id", exchange.request.id},
                                 {"route", exchange.label},
                                 {"method", name_of(exchange.request.method)},
                                 {"status", status},
                                 {"bytes_in", received},
                                 {"bytes_out", sent_},
                                 {"dur_ms", elapsed.count() * 1e3}});
  }
}

void Connection::drain() {
  if (session_) {
    session_->close(1012, "draining");
  } else if (phase_ == Phase::idle) {
    stream_.close();
  }
}

void Connection::abort() {
  if (session_) {
    session_->abort();
  } else {
    stream_.close();
  }
}

}  // namespace ferry::http
