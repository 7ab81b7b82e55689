#pragma once
// The code that people read out or type to meet: 40 random bits as 8 characters of Crockford's
// base32 (no I, L, O, U), shown as XXXX-XXXX.
#include "base/problem.hpp"

#include <ferry/bytes.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ferry::transfers {

class Code {
 public:
  static constexpr std::size_t kLength = 8;

  static Code random();
  /// The lowest 40 bits of `bits`.
  static Code from_bits(std::uint64_t bits);
  /// Reads what a person typed: case, spaces and hyphens (also the dashes and odd spaces that
  /// phones and word processors put in) do not matter, O is 0, I and L are 1. Otherwise
  /// malformed_code with a detail that says what is wrong. `text` is UTF-8 or anything else.
  static Outcome<Code> parse(std::string_view text);

  std::string_view canonical() const noexcept { return {characters_.data(), kLength}; }
  std::string display() const;  ///< "K7QM-2XWD"
  /// What the store knows instead of the code: HMAC-SHA-256 in hex. Keyed, because 40 bits are
  /// found from a plain hash in minutes by whoever can read the store.
  std::string storage_key(ByteView key) const;

  bool operator==(const Code&) const = default;

 private:
  Code() = default;
  std::array<char, kLength> characters_{};
};

}  // namespace ferry::transfers
