#pragma once
// Session tokens `st1`: 56 bytes and an HMAC-SHA-256, 123 characters. Any node that shares the
// master secret mints and verifies without a round trip. Format and test vector:
// docs/design/tokens.md.
#include "base/secret.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ferry {

enum class TokenType : std::uint8_t { signal = 1, upload = 2, owner = 3 };
enum class Role : std::uint8_t { none = 0, sender = 1, receiver = 2 };

std::string_view name_of(Role role) noexcept;  ///< "none", "sender", "receiver"

struct Token {
  using Time = std::chrono::system_clock::time_point;
  TokenType type = TokenType::signal;
  Role role = Role::none;
  std::uint8_t flags = 0;
  Time issued;
  Time expires;  ///< at most 24 h after issued, millisecond precision
  std::array<std::byte, 16> room{};
  std::array<std::byte, 12> id{};  ///< random, made by mint() when all zero
  std::uint32_t arg = 0;
};

/// Safe from any thread; copies share the derived keys.
class TokenKeys {
 public:
  /// Throws std::invalid_argument when `master` is shorter than 32 bytes.
  explicit TokenKeys(Secret master);

  /// Throws std::invalid_argument for a token that no verifier would ever accept.
  std::string mint(Token token) const;
  /// Nothing when anything is wrong; `reason` (for the log only) then says what.
  std::optional<Token> verify(std::string_view text, TokenType expected, Token::Time now,
                              std::string_view* reason = nullptr) const;

 private:
  class Cache;
  std::shared_ptr<Cache> cache_;
};

}  // namespace ferry
