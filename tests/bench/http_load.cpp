// ferry-bench-http: HTTP load for one server. One thread, one epoll. Prints one line of JSON.
//
//   --mode api --port P --connections C --seconds T              POST create and join in turn
//   --mode get --port P --path X --connections C --seconds T     keep-alive GETs
//   --mode ranges --port P --path X --size N --range B …         GETs of B random bytes of N
//   --mode download --port P --path X --connections C [--discard]  each connection gets X once
//   --mode upload --port P --endpoint X --bytes N [--patch B]    tus: creation, then PATCHes of B
//                                                                bytes (default: one of N)
// --discard leaves the bytes in the kernel (MSG_TRUNC) instead of copying them out.
// With --pid A,B the CPU time of those processes during the measured interval is reported too.
#include "load.hpp"

#include <memory>
#include <sys/epoll.h>

namespace load {
namespace {

struct Connection {
  int fd = -1;
  std::string in;
  std::optional<Head> head;
  std::size_t body_left = 0;
  std::uint64_t step = 0;
  std::string code;
};

std::uint64_t random_number() {
  static std::uint64_t state = 0x9E3779B97F4A7C15;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state >> 8;
}

/// Which request comes next on a connection, and what its answer must be.
class Requests {
 public:
  virtual ~Requests() = default;
  virtual std::string next(Connection& connection) = 0;
  virtual int status(const Connection& connection) const = 0;
  /// Whether done() wants the body; else it is thrown away as it comes.
  virtual bool wants_body() const { return false; }
  virtual void done(Connection&, std::string_view) {}
};

class ApiRequests : public Requests {
 public:
  std::string next(Connection& connection) override {
    return connection.step % 2 == 0
               ? post("/api/transfer/create", "{}")
               : post("/api/transfer/join", R"({"code":")" + connection.code + "\"}");
  }
  int status(const Connection& connection) const override {
    return connection.step % 2 == 0 ? 201 : 200;
  }
  bool wants_body() const override { return true; }
  void done(Connection& connection, std::string_view body) override {
    if (connection.step % 2 == 0) {
      connection.code = json_text(body, "code");
    }
  }
};

class GetRequests : public Requests {
 public:
  GetRequests(std::string path, std::uint64_t size, std::uint64_t range)
      : path_(std::move(path)), size_(size), range_(range) {}

  std::string next(Connection&) override {
    std::string request = "GET " + path_ + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    if (range_ > 0) {
      const std::uint64_t first = random_number() % (size_ - range_ + 1);
      request += "Range: bytes=" + std::to_string(first) + "-" +
                 std::to_string(first + range_ - 1) + "\r\n";
    }
    return request + "\r\n";
  }
  int status(const Connection&) const override { return range_ > 0 ? 206 : 200; }

 private:
  std::string path_;
  std::uint64_t size_;
  std::uint64_t range_;
};

class Engine {
 public:
  Engine(std::uint16_t port, std::size_t connections, Requests& requests, bool discard,
         int receive_buffer = 0)
      : requests_(requests),
        discard_(discard),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        buffer_(256 * 1024) {
    for (std::size_t i = 0; i < connections; ++i) {
      auto connection = std::make_unique<Connection>();
      connection->fd = connect_to(port, 0, receive_buffer);
      fcntl(connection->fd, F_SETFL, O_NONBLOCK);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = connection.get();
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd, &event) != 0) {
        fail_errno("epoll_ctl");
      }
      connections_.push_back(std::move(connection));
    }
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() {
    for (const auto& connection : connections_) {
      close(connection->fd);
    }
    close(epoll_);
  }

  /// `per_connection` requests on each (0: no end).
  void begin(std::uint64_t per_connection) {
    per_connection_ = per_connection;
    for (const auto& connection : connections_) {
      send_all(connection->fd, requests_.next(*connection));
    }
  }

  std::uint64_t responses() const { return responses_; }
  std::uint64_t bytes() const { return bytes_; }

  void turn() {
    std::array<epoll_event, 128> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 50);
    for (int i = 0; i < count; ++i) {
      read(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }

 private:
  void read(Connection& connection) {
    const bool skip = discard_ && connection.head.has_value();
    const std::size_t room =
        skip ? std::min<std::size_t>(connection.body_left, 8U << 20) : buffer_.size();
    const ssize_t got =
        recv(connection.fd, skip ? nullptr : buffer_.data(), room, skip ? MSG_TRUNC : 0);
    if (got < 0 && errno == EAGAIN) {
      return;
    }
    if (got <= 0) {
      fail("the server closed a connection");
    }
    bytes_ += static_cast<std::uint64_t>(got);
    const auto size = static_cast<std::size_t>(got);
    if (connection.head && !requests_.wants_body()) {
      if (size > connection.body_left) {
        fail("more bytes than Content-Length");
      }
      connection.body_left -= size;
    } else {
      connection.in.append(buffer_.data(), size);
      if (!connection.head) {
        connection.head = parse_head(connection.in);
        if (!connection.head) {
          return;
        }
        if (connection.head->status != requests_.status(connection)) {
          fail("unexpected answer: " + connection.in.substr(0, 400));
        }
        connection.in.erase(0, connection.head->head_bytes);
      }
      if (connection.in.size() > connection.head->body_bytes) {
        fail("more bytes than Content-Length");
      }
      connection.body_left = connection.head->body_bytes - connection.in.size();
    }
    if (connection.body_left == 0) {
      requests_.done(connection, connection.in);
      connection.in.clear();
      connection.head.reset();
      ++connection.step;
      ++responses_;
      if (per_connection_ == 0 || connection.step < per_connection_) {
        send_all(connection.fd, requests_.next(connection));
      }
    }
  }

  Requests& requests_;
  bool discard_;
  int epoll_;
  std::vector<char> buffer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::uint64_t per_connection_ = 0;
  std::uint64_t responses_ = 0;
  std::uint64_t bytes_ = 0;
};

/// CPU and wall time from construction on.
class Interval {
 public:
  explicit Interval(std::string pids) : pids_(std::move(pids)) {
    cpu_ = pids_.empty() ? 0 : cpu_seconds(pids_);
    own_ = cpu_seconds(std::to_string(getpid()));
    start_ = now();
  }

  void print(const std::string& mode, double units, double bytes) const {
    const double elapsed = now() - start_;
    const double own = cpu_seconds(std::to_string(getpid())) - own_;
    printf(
        "{\"workload\":\"%s\",\"seconds\":%.3f,\"units\":%.0f,\"units_per_second\":%.1f,"
        "\"bytes\":%.0f,\"mib_per_second\":%.1f,\"load_cpu_share\":%.2f",
        mode.c_str(), elapsed, units, units / elapsed, bytes, bytes / elapsed / 1048576,
        own / elapsed);
    if (!pids_.empty()) {
      const double cpu = cpu_seconds(pids_) - cpu_;
      printf(",\"cpu_seconds\":%.3f,\"cpu_us_per_unit\":%.3f,\"cpu_seconds_per_gib\":%.4f", cpu,
             cpu * 1e6 / units, bytes > 0 ? cpu / bytes * 1073741824.0 : 0);
    }
    printf("}\n");
  }

 private:
  std::string pids_;
  double cpu_ = 0;
  double own_ = 0;
  double start_ = 0;
};

void run_timed(const std::string& mode, const Options& options, std::uint16_t port,
               Requests& requests) {
  // The first window of the loopback is smaller than its segments (64 KiB): an answer a little
  // above it would wait for a delayed acknowledgement, which no real network makes it do.
  constexpr int kReceiveBuffer = 1 << 20;
  Engine engine(port, options.count("connections", 64), requests, options.has("discard"),
                kReceiveBuffer);
  engine.begin(0);
  const auto run_until = [&](double end) {
    while (now() < end) {
      engine.turn();
    }
  };
  run_until(now() + options.number("warmup", 0.5));
  const std::uint64_t responses = engine.responses();
  const std::uint64_t bytes = engine.bytes();
  const Interval interval(options.text("pid", ""));
  run_until(now() + options.number("seconds", 5));
  if (engine.responses() == responses) {
    fail("no answers");
  }
  interval.print(mode, static_cast<double>(engine.responses() - responses),
                 static_cast<double>(engine.bytes() - bytes));
}

void run_download(const Options& options, std::uint16_t port) {
  GetRequests requests(options.text("path", "/"), 0, 0);
  const std::size_t connections = options.count("connections", 8);
  Engine engine(port, connections, requests, options.has("discard"));
  const Interval interval(options.text("pid", ""));
  engine.begin(1);
  const double deadline = now() + 300;
  while (engine.responses() < connections) {
    engine.turn();
    if (now() > deadline) {
      fail("the downloads take more than five minutes");
    }
  }
  interval.print("download", static_cast<double>(connections), static_cast<double>(engine.bytes()));
}

void run_upload(const Options& options, std::uint16_t port) {
  const std::uint64_t total = options.count("bytes", 1U << 30);
  const std::uint64_t patch = options.count("patch", total);
  std::string block(1U << 20, '\0');
  for (std::size_t i = 0; i + 8 <= block.size(); i += 8) {
    const std::uint64_t word = random_number();
    memcpy(block.data() + i, &word, 8);
  }
  HttpClient http(port);
  const std::string common = " HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\n";
  const auto created =
      http.request("POST " + options.text("endpoint", "/api/uploads") + common +
                   "Upload-Length: " + std::to_string(total) + "\r\nContent-Length: 0\r\n\r\n");
  if (created.status != 201) {
    fail("creation answered " + std::to_string(created.status) + " " + created.body);
  }
  std::string location(header(created.head, "Location"));
  if (const std::size_t scheme = location.find("://"); scheme != std::string::npos) {
    location = location.substr(location.find('/', scheme + 3));
  }
  const Interval interval(options.text("pid", ""));
  std::uint64_t patches = 0;
  for (std::uint64_t offset = 0; offset < total;) {
    const std::uint64_t size = std::min(patch, total - offset);
    send_all(http.socket(), "PATCH " + location + common +
                                "Content-Type: application/offset+octet-stream\r\nUpload-Offset: " +
                                std::to_string(offset) +
                                "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    for (std::uint64_t sent = 0; sent < size; sent += block.size()) {
      send_all(http.socket(), std::string_view(block).substr(
                                  0, std::min<std::uint64_t>(block.size(), size - sent)));
    }
    const auto answer = http.receive();
    offset += size;
    if (!answer || answer->status != 204 ||
        header(answer->head, "Upload-Offset") != std::to_string(offset)) {
      fail("PATCH answered " + (answer ? answer->head + answer->body : std::string("nothing")));
    }
    ++patches;
  }
  interval.print("upload", static_cast<double>(patches), static_cast<double>(total));
}

int run(int argc, char** argv) {
  const Options options(argc, argv,
                        {"mode", "port", "path", "size", "range", "connections", "seconds",
                         "warmup", "discard", "endpoint", "bytes", "patch", "pid"});
  const auto port = static_cast<std::uint16_t>(options.count("port", 0));
  const std::string mode = options.text("mode", "");
  if (port == 0) {
    fail("--port is needed; see the top of http_load.cpp");
  }
  if (mode == "api") {
    ApiRequests requests;
    run_timed(mode, options, port, requests);
  } else if (mode == "get" || mode == "ranges") {
    GetRequests requests(options.text("path", "/"), options.count("size", 0),
                         mode == "ranges" ? options.count("range", 65536) : 0);
    run_timed(mode, options, port, requests);
  } else if (mode == "download") {
    run_download(options, port);
  } else if (mode == "upload") {
    run_upload(options, port);
  } else {
    fail("--mode api, get, ranges, download or upload");
  }
  return 0;
}

}  // namespace
}  // namespace load

int main(int argc, char** argv) {
  return load::run(argc, argv);
}
