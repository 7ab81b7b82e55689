// A token is accepted in one spelling only: the one that minting it again gives.
#include "base/time.hpp"
#include "base/token.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ferry::TokenKeys keys(ferry::Secret(std::string(32, 'k')));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto now = ferry::from_unix_ms(1772600000000);
  for (const auto type :
       {ferry::TokenType::signal, ferry::TokenType::upload, ferry::TokenType::owner}) {
    const auto token = keys.verify(text, type, now);
    if (token && keys.mint(*token) != text) {
      std::abort();
    }
  }
  return 0;
}
