#include "transfers/signaling_message.hpp"

#include <bit>
#include <cstring>

namespace ferry::transfers {
namespace {

/// Reasons are literals: scanning a hostile message allocates nothing either.
constexpr std::string_view kNotJson = "the message is not JSON";
constexpr std::string_view kTooDeep = "the message is nested too deeply";

/// A cursor over the text. Functions return false at the first byte that is not JSON.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept
      : at_(text.data()), end_(text.data() + text.size()) {}

  const char* at() const noexcept { return at_; }
  bool done() const noexcept { return at_ == end_; }
  bool too_deep() const noexcept { return too_deep_; }
  char peek() const noexcept { return at_ < end_ ? *at_ : '\0'; }

  void space() noexcept {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) {
      ++at_;
    }
  }

  bool take(char c) noexcept {
    if (at_ < end_ && *at_ == c) {
      ++at_;
      return true;
    }
    return false;
  }

  /// A string; `content` is what stands between the quotes, escapes as written.
  bool string(std::string_view& content) noexcept {
    if (!take('"')) {
      return false;
    }
    const char* const begin = at_;
    while (skip_plain()) {
      if (*at_ == '"') {
        content = {begin, static_cast<std::size_t>(at_ - begin)};
        ++at_;
        return true;
      }
      if (!escape()) {
        return false;
      }
    }
    return false;
  }

  /// An unsigned integer up to kMaxSequence, not followed by a fraction or an exponent.
  bool integer(std::uint64_t& value) noexcept {
    const char* const begin = at_;
    value = 0;
    while (at_ < end_ && is_digit(*at_)) {
      if (at_ - begin == 16) {
        return false;
      }
      value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
      ++at_;
    }
    if (at_ == begin || (*begin == '0' && at_ - begin > 1) || value > kMaxSequence) {
      return false;
    }
    const char next = peek();
    return next != '.' && next != 'e' && next != 'E';
  }

  /// Any value, `depth` levels of nesting being open around it.
  bool skip_value(unsigned depth) noexcept {
    // One bit for each open level, the innermost lowest: 1 is an object, 0 an array.
    std::uint32_t levels = 0;
    const unsigned outer = depth;
    for (;;) {
      space();
      switch (peek()) {
        case '{':
        case '[': {
          const bool object = *at_ == '{';
          if (depth == kMaxDepth) {
            too_deep_ = true;
            return false;
          }
          ++at_;
          space();
          if (take(object ? '}' : ']')) {
            break;
          }
          ++depth;
          levels = levels << 1 | (object ? 1u : 0u);
          if (object && !member_name()) {
            return false;
          }
          continue;
        }
        case '"': {
          std::string_view ignored;
          if (!string(ignored)) {
            return false;
          }
          break;
        }
        case 't':
          if (!word("true")) {
            return false;
          }
          break;
        case 'f':
          if (!word("false")) {
            return false;
          }
          break;
        case 'n':
          if (!word("null")) {
            return false;
          }
          break;
        default:
          if (!number()) {
            return false;
          }
      }
      // After a value: close levels until one goes on with a comma.
      for (;;) {
        if (depth == outer) {
          return true;
        }
        const bool object = (levels & 1) != 0;
        space();
        if (take(',')) {
          if (object) {
            space();
            if (!member_name()) {
              return false;
            }
          }
          break;
        }
        if (!take(object ? '}' : ']')) {
          return false;
        }
        levels >>= 1;
        --depth;
      }
    }
  }

 private:
  static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

  static int hex_value(char c) noexcept {
    if (is_digit(c)) {
      return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  }

  /// Moves to the next quote or backslash; false at the end or at a control character. Eight bytes
  /// at a time: nearly all of a message is the text of one string.
  bool skip_plain() noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101u;
    constexpr std::uint64_t kHigh = 0x8080808080808080u;
    const auto zero_bytes = [](std::uint64_t v) noexcept { return (v - kOnes) & ~v & kHigh; };
    while (end_ - at_ >= 8) {
      std::uint64_t v = 0;
      std::memcpy(&v, at_, 8);
      const std::uint64_t control = (v - kOnes * 0x20) & ~v & kHigh;
      const std::uint64_t special =
          control | zero_bytes(v ^ kOnes * '"') | zero_bytes(v ^ kOnes * '\\');
      if (special == 0) {
        at_ += 8;
        continue;
      }
      if constexpr (std::endian::native == std::endian::little) {
        // Borrows only reach upwards, so the lowest mark is exact.
        at_ += std::countr_zero(special) / 8;
        return static_cast<unsigned char>(*at_) >= 0x20;
      }
      break;
    }
    for (; at_ < end_; ++at_) {
      if (*at_ == '"' || *at_ == '\\') {
        return true;
      }
      if (static_cast<unsigned char>(*at_) < 0x20) {
        return false;
      }
    }
    return false;
  }

  bool unit(unsigned& value) noexcept {
    if (end_ - at_ < 4) {
      return false;
    }
    value = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = hex_value(*at_++);
      if (digit < 0) {
        return false;
      }
      value = value << 4 | static_cast<unsigned>(digit);
    }
    return true;
  }

  bool escape() noexcept {
    ++at_;  // the backslash
    if (at_ == end_) {
      return false;
    }
    switch (*at_++) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't': return true;
      case 'u': break;
      default: return false;
    }
    unsigned value = 0;
    if (!unit(value)) {
      return false;
    }
    if (value < 0xD800 || value > 0xDFFF) {
      return true;
    }
    return value < 0xDC00 && take('\\') && take('u') && unit(value) && value >= 0xDC00 &&
           value <= 0xDFFF;
  }

  bool member_name() noexcept {
    std::string_view ignored;
    if (!string(ignored)) {
      return false;
    }
    space();
    return take(':');
  }

  bool word(std::string_view expected) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
        std::memcmp(at_, expected.data(), expected.size()) != 0) {
      return false;
    }
    at_ += expected.size();
    return true;
  }

  std::size_t digits() noexcept {
    const char* const begin = at_;
    while (at_ < end_ && is_digit(*at_)) {
      ++at_;
    }
    return static_cast<std::size_t>(at_ - begin);
  }

  bool number() noexcept {
    take('-');
    if (!take('0') && digits() == 0) {
      return false;
    }
    if (take('.') && digits() == 0) {
      return false;
    }
    if (take('e') || take('E')) {
      if (!take('+')) {
        take('-');
      }
      // Readers differ about exponents that do not fit an int.
      const std::size_t count = digits();
      return count > 0 && count <= 8;
    }
    return true;
  }

  const char* at_;
  const char* end_;
  bool too_deep_ = false;
};

enum Member : unsigned { kType = 1, kSeq = 2, kAck = 4, kPayload = 8, kToken = 16 };

unsigned member_of(std::string_view name) noexcept {
  if (name == "type") {
    return kType;
  }
  if (name == "seq") {
    return kSeq;
  }
  if (name == "ack") {
    return kAck;
  }
  if (name == "payload") {
    return kPayload;
  }
  return name == "token" ? kToken : 0;
}

unsigned members_of(MessageType type) noexcept {
  switch (type) {
    case MessageType::hello: return kType | kToken;
    case MessageType::offer:
    case MessageType::answer:
    case MessageType::candidate:
    case MessageType::control: return kType | kSeq | kAck | kPayload;
    case MessageType::ack: return kType | kAck;
    case MessageType::ping:
    case MessageType::bye: break;
  }
  return kType;
}

bool read_type(std::string_view name, MessageType& type) noexcept {
  for (std::size_t i = 0; i < kMessageTypes.size(); ++i) {
    if (name == kMessageTypes[i]) {
      type = static_cast<MessageType>(i);
      return true;
    }
  }
  return false;
}

std::string_view read_member(unsigned member, Scanner& in, Envelope& out) noexcept {
  switch (member) {
    case kType: {
      std::string_view name;
      if (in.peek() != '"') {
        return "type must be a string";
      }
      if (!in.string(name)) {
        return kNotJson;
      }
      return read_type(name, out.type) ? std::string_view() : "the type is unknown";
    }
    case kSeq:
      return in.integer(out.seq) && out.seq >= 1 ? std::string_view()
                                                 : "seq must be an integer from 1 to 2^53-1";
    case kAck:
      return in.integer(out.ack) ? std::string_view() : "ack must be an integer from 0 to 2^53-1";
    case kPayload: {
      if (in.peek() != '{') {
        return "payload must be an object";
      }
      const char* const begin = in.at();
      if (!in.skip_value(1)) {
        return in.too_deep() ? kTooDeep : kNotJson;
      }
      out.payload = {begin, static_cast<std::size_t>(in.at() - begin)};
      return {};
    }
    case kToken:
      if (in.peek() != '"') {
        return "token must be a string";
      }
      return in.string(out.token) ? std::string_view() : kNotJson;
    default: return "the message has a member that the protocol does not know";
  }
}

}  // namespace

std::string_view scan_message(std::string_view text, Envelope& out) noexcept {
  out = Envelope();
  Scanner in(text);
  in.space();
  if (!in.take('{')) {
    return "the message is not a JSON object";
  }
  in.space();
  unsigned seen = 0;
  if (!in.take('}')) {
    for (;;) {
      std::string_view name;
      in.space();
      if (!in.string(name)) {
        return kNotJson;
      }
      in.space();
      if (!in.take(':')) {
        return kNotJson;
      }
      in.space();
      const unsigned member = member_of(name);
      if ((seen & member) != 0) {
        return "the message has a member twice";
      }
      seen |= member;
      if (const auto reason = read_member(member, in, out); !reason.empty()) {
        return reason;
      }
      in.space();
      if (in.take('}')) {
        break;
      }
      if (!in.take(',')) {
        return kNotJson;
      }
    }
  }
  in.space();
  if (!in.done()) {
    return "something follows the message's object";
  }
  if ((seen & kType) == 0) {
    return "the message has no type";
  }
  const unsigned wanted = members_of(out.type);
  if ((wanted & ~seen) != 0) {
    return "the message lacks a member that its type needs";
  }
  if ((seen & ~wanted) != 0) {
    return "the message has a member that its type does not have";
  }
  return {};
}

}  // namespace ferry::transfers
