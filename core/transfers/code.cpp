#include "transfers/code.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"

namespace ferry::transfers {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

char canonical_character(char c) noexcept {
  if (c >= 'a' && c <= 'z') {
    c = static_cast<char>(c - 'a' + 'A');
  }
  switch (c) {
    case 'O': return '0';
    case 'I':
    case 'L': return '1';
    default: return kAlphabet.find(c) == std::string_view::npos ? '\0' : c;
  }
}

/// Length of the space or hyphen at the front of `text`, 0 when there is none.
std::size_t separator(std::string_view text) noexcept {
  switch (text.front()) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '-': return 1;
    default: break;
  }
  if (text.starts_with("\u00A0") || text.starts_with("\u00AD")) {  // no-break space, soft hyphen
    return 2;
  }
  if (text.starts_with("\u2212") || text.starts_with("\u3000") || text.starts_with("\uFEFF")) {
    return 3;  // minus, ideographic space, byte order mark
  }
  if (text.size() >= 3 && text.starts_with("\xE2\x80")) {
    const auto last = static_cast<unsigned char>(text[2]);
    // U+2000–200B spaces, U+2010–2015 hyphens and dashes, U+202F narrow space.
    if (last <= 0x8B || (last >= 0x90 && last <= 0x95) || last == 0xAF) {
      return 3;
    }
  }
  return 0;
}

std::string complaint_about(char c) {
  if (c > ' ' && c <= '~') {
    return std::string("the character ") + c + " does not occur in codes";
  }
  return "a code consists of letters and digits only";
}

}  // namespace

Code Code::random() {
  const Bytes bytes = random_bytes(5);
  std::uint64_t bits = 0;
  for (const std::byte b : bytes) {
    bits = bits << 8 | std::to_integer<std::uint64_t>(b);
  }
  return from_bits(bits);
}

Code Code::from_bits(std::uint64_t bits) {
  Code code;
  for (std::size_t i = kLength; i-- > 0;) {
    code.characters_[i] = kAlphabet[bits & 31];
    bits >>= 5;
  }
  return code;
}

Outcome<Code> Code::parse(std::string_view text) {
  Code code;
  std::size_t count = 0;
  while (!text.empty()) {
    if (const std::size_t skip = separator(text); skip > 0) {
      text.remove_prefix(skip);
      continue;
    }
    const char c = canonical_character(text.front());
    if (c == '\0') {
      return Problem(ProblemType::malformed_code, complaint_about(text.front()));
    }
    if (count < kLength) {
      code.characters_[count] = c;
    }
    ++count;
    text.remove_prefix(1);
  }
  if (count == 0) {
    return Problem(ProblemType::malformed_code, "the code is empty");
  }
  if (count != kLength) {
    return Problem(ProblemType::malformed_code,
                   "a code has 8 characters; this one has " + std::to_string(count));
  }
  return code;
}

std::string Code::display() const {
  const std::string_view text = canonical();
  std::string out(text.substr(0, 4));
  out += '-';
  out += text.substr(4);
  return out;
}

std::string Code::storage_key(ByteView key) const {
  return hex(hmac_sha256(key, as_bytes(canonical())));
}

}  // namespace ferry::transfers
