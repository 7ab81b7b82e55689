#include "websocket/frame.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <cstring>

namespace ferry::websocket {
namespace {

constexpr std::size_t kSmall = 512;  // what an idle connection keeps
constexpr std::size_t kLarge = 64 * 1024;
constexpr unsigned kShrinkAfter = 8;
constexpr std::size_t kMaxHeader = 14;

std::uint64_t big_endian(const char* at, std::size_t n) noexcept {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < n; ++i) {
    out = out << 8 | static_cast<unsigned char>(at[i]);
  }
  return out;
}

bool is_ascii(std::string_view text) noexcept {
  std::uint64_t seen = 0;
  while (text.size() >= sizeof seen) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    seen |= word;
    text.remove_prefix(sizeof word);
  }
  for (const char c : text) {
    seen |= static_cast<unsigned char>(c);
  }
  return (seen & 0x8080808080808080u) == 0;
}

}  // namespace

FrameHeader::FrameHeader(Opcode opcode, std::uint64_t length) noexcept : bytes{} {
  bytes[0] = static_cast<std::uint8_t>(0x80u | static_cast<std::uint8_t>(opcode));
  std::size_t extra = 0;
  if (length < 126) {
    bytes[1] = static_cast<std::uint8_t>(length);
  } else if (length < 65536) {
    bytes[1] = 126;
    extra = 2;
  } else {
    bytes[1] = 127;
    extra = 8;
  }
  for (std::size_t i = 0; i < extra; ++i) {
    bytes[2 + i] = static_cast<std::uint8_t>(length >> (8 * (extra - 1 - i)));
  }
  size = static_cast<std::uint8_t>(2 + extra);
}

bool is_close_code(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::size_t n = std::min(reason.size(), kMaxControl - 2);
  while (n > 0 && n < reason.size() && (static_cast<unsigned char>(reason[n]) & 0xc0) == 0x80) {
    --n;
  }
  std::string out{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  out += reason.substr(0, n);
  return out;
}

void unmask(std::span<char> data, std::array<char, 4> mask) noexcept {
  std::uint64_t wide = 0;
  std::array<char, 8> twice{};
  std::copy(mask.begin(), mask.end(), twice.begin());
  std::copy(mask.begin(), mask.end(), twice.begin() + 4);
  std::memcpy(&wide, twice.data(), sizeof wide);
  std::size_t i = 0;
  for (; i + sizeof wide <= data.size(); i += sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, data.data() + i, sizeof word);
    word ^= wide;
    std::memcpy(data.data() + i, &word, sizeof word);
  }
  for (; i < data.size(); ++i) {
    data[i] = static_cast<char>(data[i] ^ mask[i % 4]);
  }
}

std::span<char> Decoder::prepare() {
  const auto header = peek();
  const std::size_t whole = header.size == 0
                                ? kMaxHeader
                                : header.size + static_cast<std::size_t>(std::min<std::uint64_t>(
                                                    header.length, std::max(limit_, kMaxControl)));
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (buffer_.size() > kSmall && quiet_ >= kShrinkAfter) {
      buffer_ = std::vector<char>();
      quiet_ = 0;
    }
  }
  const bool full = end_ == buffer_.size();
  if (begin_ > 0 && (full || begin_ + whole > buffer_.size())) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t needed = std::max({whole, end_ + 1, kSmall});
  if (needed > buffer_.size()) {
    buffer_.resize(std::max(needed, std::min(2 * buffer_.size(), kLarge)));
  }
  return {buffer_.data() + end_, buffer_.size() - end_};
}

void Decoder::commit(std::size_t bytes) {
  const bool filled = end_ + bytes == buffer_.size();
  end_ += bytes;
  quiet_ = bytes > kSmall ? 0 : quiet_ + 1;
  // A full buffer means that more is waiting: read in larger gulps.
  if (filled && buffer_.size() < kLarge) {
    buffer_.resize(std::min(2 * buffer_.size(), kLarge));
  }
}

Decoder::Header Decoder::peek() const noexcept {
  Header h;
  const auto n = end_ - begin_;
  if (n < 2) {
    return h;
  }
  const char* at = buffer_.data() + begin_;
  h.fin = (at[0] & 0x80) != 0;
  h.opcode = static_cast<std::uint8_t>(at[0] & 0x7f);  // RSV bits included, so they never match
  const bool masked = (at[1] & 0x80) != 0;
  h.length = static_cast<std::uint64_t>(at[1] & 0x7f);
  const std::size_t extra = h.length == 126 ? 2u : h.length == 127 ? 8u : 0u;
  const std::size_t size = 2 + extra + (masked ? 4u : 0u);
  if (!masked) {
    h.opcode = 0x7f;  // refused by check(), before the rest of the frame is waited for
    h.size = 2;
    h.length = 0;
    return h;
  }
  if (n < size) {
    return h;
  }
  if (extra > 0) {
    h.length = big_endian(at + 2, extra);
    if (h.length < (extra == 2 ? 126u : 65536u)) {
      h.opcode = 0x7f;  // not the shortest form
    }
  }
  std::copy_n(at + size - 4, 4, h.mask.begin());
  h.size = size;
  return h;
}

std::uint16_t Decoder::check(const Header& h, std::string_view& reason) const noexcept {
  switch (static_cast<Opcode>(h.opcode)) {
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      reason = "a control frame is fragmented or too long";
      return h.fin && h.length <= kMaxControl ? 0 : 1002;
    case Opcode::binary: reason = "binary messages are not accepted"; return 1003;
    case Opcode::text:
    case Opcode::continuation: {
      const bool first = h.opcode == static_cast<std::uint8_t>(Opcode::text);
      reason = "a fragment is out of place";
      if (first == (fragments_ > 0)) {
        return 1002;
      }
      reason = "the message is too large";
      if (const auto so_far = fragments_ > 0 ? message_.size() : 0;
          h.length > limit_ || so_far + h.length > limit_) {
        return 1009;
      }
      reason = "the message has too many fragments";
      return fragments_ + 1 > kMaxFragments ? 1008 : 0;
    }
  }
  reason = "a frame header is not allowed";
  return 1002;
}

bool Decoder::ready() const noexcept {
  const auto h = peek();
  std::string_view reason;
  return failed_ || (h.size > 0 && (end_ - begin_ - h.size >= h.length || check(h, reason) != 0));
}

Event Decoder::next() {
  while (!failed_) {
    const auto h = peek();
    if (h.size == 0) {
      return {};
    }
    std::string_view reason;
    if (const auto code = check(h, reason); code != 0) {
      return fail(code, reason);
    }
    if (end_ - begin_ - h.size < h.length) {
      return {};
    }
    const std::span<char> payload(buffer_.data() + begin_ + h.size,
                                  static_cast<std::size_t>(h.length));
    unmask(payload, h.mask);
    begin_ += h.size + payload.size();
    const std::string_view text(payload.data(), payload.size());
    const auto event = h.opcode >= 8 ? control(h, text) : data(h, text);
    if (event.kind != Event::Kind::more) {
      return event;
    }
  }
  return fail(1002, "the connection has failed");
}

Event Decoder::fail(std::uint16_t code, std::string_view reason) {
  failed_ = true;
  return {Event::Kind::failure, reason, code};
}

Event Decoder::control(const Header& header, std::string_view payload) {
  switch (static_cast<Opcode>(header.opcode)) {
    case Opcode::ping: return {Event::Kind::ping, payload, 0};
    case Opcode::pong: return {Event::Kind::pong, payload, 0};
    default: break;
  }
  if (payload.empty()) {
    return {Event::Kind::close, {}, 1005};
  }
  if (payload.size() < 2) {
    return fail(1002, "a close frame is too short");
  }
  const auto code = static_cast<std::uint16_t>(big_endian(payload.data(), 2));
  if (!is_close_code(code)) {
    return fail(1002, "a close code is not allowed");
  }
  if (!is_utf8(payload.substr(2))) {
    return fail(1007, "a close reason is not UTF-8");
  }
  return {Event::Kind::close, payload.substr(2), code};
}

Event Decoder::data(const Header& header, std::string_view payload) {
  std::string_view whole = payload;
  if (fragments_ > 0 || !header.fin) {
    if (fragments_ == 0) {
      message_.clear();
    }
    message_ += payload;
    ++fragments_;
    if (!header.fin) {
      return {};
    }
    whole = message_;
    fragments_ = 0;
  }
  if (!is_ascii(whole) && !is_utf8(whole)) {
    return fail(1007, "the message is not UTF-8");
  }
  return {Event::Kind::text, whole, 0};
}

}  // namespace ferry::websocket
