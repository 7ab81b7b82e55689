#pragma once
// What the load generators share: options, sockets, a keep-alive HTTP client and CPU sampling.
// Plain sockets and nothing of Ferry, so that a fault in Ferry cannot hide in its own client.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <errno.h>
#include <fcntl.h>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace load {

[[noreturn]] inline void fail(const std::string& what) {
  fprintf(stderr, "error: %s\n", what.c_str());
  exit(1);
}

[[noreturn]] inline void fail_errno(const std::string& what) {
  fail(what + ": " + strerror(errno));
}

/// `--name value` pairs; a name without a value is "1". An unknown name ends the process.
class Options {
 public:
  Options(int argc, char** argv, std::vector<std::string> known) {
    for (int i = 1; i < argc; ++i) {
      std::string name = argv[i];
      if (!name.starts_with("--") ||
          std::find(known.begin(), known.end(), name.substr(2)) == known.end()) {
        fail("unknown option " + name);
      }
      const bool has_value = i + 1 < argc && std::string_view(argv[i + 1]).substr(0, 2) != "--";
      values_[name.substr(2)] = has_value ? argv[++i] : "1";
    }
  }

  bool has(const std::string& name) const { return values_.contains(name); }

  std::string text(const std::string& name, std::string fallback) const {
    auto found = values_.find(name);
    return found == values_.end() ? fallback : found->second;
  }

  double number(const std::string& name, double fallback) const {
    auto found = values_.find(name);
    if (found == values_.end()) {
      return fallback;
    }
    char* end = nullptr;
    const double value = strtod(found->second.c_str(), &end);
    if (*end != '\0' || value < 0) {
      fail("--" + name + " needs a number");
    }
    return value;
  }

  std::size_t count(const std::string& name, std::size_t fallback) const {
    return static_cast<std::size_t>(number(name, static_cast<double>(fallback)));
  }

 private:
  std::map<std::string, std::string> values_;
};

/// Seconds on the monotonic clock.
inline double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// User and system CPU seconds used so far by the processes of "1,2,3", all threads, ended ones
/// too. Granularity: one clock tick, usually 10 ms.
inline double cpu_seconds(const std::string& pids) {
  double total = 0;
  for (std::size_t at = 0; at < pids.size();) {
    const std::size_t comma = std::min(pids.find(',', at), pids.size());
    const std::string pid = pids.substr(at, comma - at);
    at = comma + 1;
    FILE* file = fopen(("/proc/" + pid + "/stat").c_str(), "r");
    if (!file) {
      fail("process " + pid + " is gone");
    }
    std::array<char, 2048> line{};
    const std::size_t length = fread(line.data(), 1, line.size() - 1, file);
    fclose(file);
    // The name may hold anything, so count the fields from its closing parenthesis.
    const char* rest = length > 0 ? strrchr(line.data(), ')') : nullptr;
    unsigned long user = 0;
    unsigned long system = 0;
    if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                        &system) != 2) {
      fail("cannot read /proc/" + pid + "/stat");
    }
    total += static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return total;
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A connected (or, with SOCK_NONBLOCK in `flags`, connecting) socket to 127.0.0.1.
/// `receive_buffer` in bytes; 0 leaves it to the kernel.
inline int connect_to(std::uint16_t port, int flags = 0, int receive_buffer = 0) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (fd < 0) {
    fail_errno("socket");
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    fail_errno("connect to port " + std::to_string(port));
  }
  return fd;
}

inline void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      fail_errno("send");
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

struct Head {
  int status = 0;
  std::size_t head_bytes = 0;
  std::size_t body_bytes = 0;
  bool chunked = false;
};

/// Value of a header in a response head; empty when it is not there.
inline std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos && at + 2 < head.size();
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      std::string_view value = line.substr(name.size() + 1);
      value = value.substr(0, value.find("\r\n"));
      while (value.starts_with(' ')) {
        value.remove_prefix(1);
      }
      return value;
    }
  }
  return {};
}

/// Head of the response at the start of `bytes`, when all of it is there.
inline std::optional<Head> parse_head(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view head = bytes.substr(0, end + 2);
  Head parsed;
  parsed.head_bytes = end + 4;
  if (head.size() < 12 || !head.starts_with("HTTP/1.1 ")) {
    fail("not a response: " + std::string(head.substr(0, 40)));
  }
  std::from_chars(head.data() + 9, head.data() + 12, parsed.status);
  parsed.chunked = header(head, "Transfer-Encoding") == "chunked";
  const std::string_view length = header(head, "Content-Length");
  if (length.empty() && !parsed.chunked && parsed.status != 204 && parsed.status != 101 &&
      parsed.status != 304) {
    fail("a response without Content-Length: " + std::string(head));
  }
  std::from_chars(length.data(), length.data() + length.size(), parsed.body_bytes);
  return parsed;
}

/// String value of a member of a flat JSON object.
inline std::string json_text(std::string_view json, const std::string& name) {
  const std::string key = "\"" + name + "\"";
  std::size_t at = json.find(key);
  if (at != std::string_view::npos) {
    at = json.find('"', at + key.size());
  }
  if (at == std::string_view::npos) {
    fail("no \"" + name + "\" in " + std::string(json.substr(0, 300)));
  }
  return std::string(json.substr(at + 1, json.find('"', at + 1) - at - 1));
}

inline std::string post(const std::string& path, std::string_view body) {
  return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// One blocking keep-alive connection; connects anew when the server closed it between requests.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : port_(port) {}
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient() { disconnect(); }

  struct Response {
    int status = 0;
    std::string head;
    std::string body;
  };

  int socket() {
    if (fd_ < 0) {
      fd_ = connect_to(port_);
    }
    return fd_;
  }

  Response request(const std::string& bytes) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      send_all(socket(), bytes);
      if (auto response = receive()) {
        return *std::move(response);
      }
      disconnect();
    }
    fail("the server closes the connection instead of answering");
  }

  /// Empty when the connection was closed before the first byte. A chunked body is left as it is.
  std::optional<Response> receive() {
    std::string bytes;
    std::array<char, 16384> buffer;
    std::optional<Head> head;
    while (true) {
      if (!head) {
        head = parse_head(bytes);
      }
      const bool complete =
          head && (head->chunked ? bytes.ends_with("0\r\n\r\n")
                                 : bytes.size() >= head->head_bytes + head->body_bytes);
      if (complete) {
        Response response{head->status, bytes.substr(0, head->head_bytes - 2),
                          bytes.substr(head->head_bytes)};
        if (header(response.head, "Connection") == "close") {
          disconnect();
        }
        return response;
      }
      const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        if (bytes.empty()) {
          return std::nullopt;
        }
        fail("the connection ended inside a response");
      }
      bytes.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  void disconnect() {
    if (fd_ >= 0) {
      close(fd_);
    }
    fd_ = -1;
  }

  std::uint16_t port_;
  int fd_ = -1;
};

}  // namespace load
