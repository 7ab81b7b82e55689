#pragma once
// The one place that decides what an HTTP/1 request header means. Stricter than RFC 9112 allows a
// server to be lenient: what two implementations could read differently is refused
// (docs/design/http-server.md). Pure.
#include "base/problem.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ferry::http {

constexpr std::size_t kMaxHead = 16 * 1024;
constexpr std::size_t kMaxTarget = 4 * 1024;
constexpr std::size_t kMaxFields = 100;
constexpr std::uint64_t kMaxLength = std::uint64_t{1} << 53;

/// Finds the end of a header block that arrives in pieces.
class HeadScanner {
 public:
  enum class State { more, complete, malformed, too_large };
  /// `buffer` is everything received so far; what was looked at before is not looked at again.
  State scan(std::string_view buffer) noexcept;
  /// Bytes of the block, with its final empty line; valid after `complete`.
  std::size_t size() const noexcept { return at_; }
  void reset() noexcept { *this = HeadScanner(); }

 private:
  std::size_t at_ = 0;
  std::size_t line_ = 0;  ///< start of the line that is being read
};

struct Head {
  Head() = default;
  Method method = Method::get;
  bool head = false;  ///< HEAD
  std::string target;
  std::string path;  ///< decoded
  std::string query;
  unsigned minor = 1;  ///< HTTP/1.<minor>
  /// Names in lower case; repeated list fields are joined.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string host;
  std::optional<std::uint64_t> length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool upgrades = false;  ///< Upgrade: websocket with Connection: upgrade

  bool has_body() const noexcept { return chunked || length.value_or(0) > 0; }
};

/// `block` is a complete header block as HeadScanner delimits it (anything else is refused too).
/// Every refusal means: answer it and close the connection.
Outcome<Head> parse_head(std::string_view block);

/// `host` without its port is one of `allowed` (compared without regard to case; an entry may name
/// a port, then that counts too). An empty list allows any.
bool host_allowed(std::string_view host, const std::vector<std::string>& allowed) noexcept;

/// "GET", …
std::string_view name_of(Method method) noexcept;

}  // namespace ferry::http
