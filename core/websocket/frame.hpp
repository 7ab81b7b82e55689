#pragma once
// RFC 6455 frames from the server's side. Pure.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::websocket {

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

constexpr std::size_t kMaxControl = 125;
constexpr std::size_t kMaxFragments = 16;  ///< of one message

/// The header of an unfragmented, unmasked frame.
struct FrameHeader {
  FrameHeader(Opcode opcode, std::uint64_t length) noexcept;
  std::array<std::uint8_t, 10> bytes;
  std::uint8_t size;
};

/// Code of RFC 6455 §7.4 that may stand in a close frame.
bool is_close_code(std::uint16_t code) noexcept;

/// Payload of a close frame; the reason is cut to what fits, at a character's border.
std::string close_payload(std::uint16_t code, std::string_view reason);

struct Event {
  enum class Kind {
    more,  ///< nothing complete; read more
    text,  ///< a whole message, valid UTF-8
    ping,  ///< answer with the same payload
    pong,
    close,    ///< the peer closes; `code` 1005 when it gave none
    failure,  ///< close with `code` and `payload` as reason; nothing follows
  };
  Kind kind = Kind::more;
  std::string_view payload;  ///< valid until the next call of the decoder
  std::uint16_t code = 0;
};

/// Turns bytes of a client into messages: unmasks in place, joins fragments, checks everything
/// that RFC 6455 lets a server check. Binary messages are refused (1003).
class Decoder {
 public:
  explicit Decoder(std::size_t limit = 64 * 1024) : limit_(limit) {}

  /// Largest message in bytes, from the next frame header on.
  void limit(std::size_t bytes) noexcept { limit_ = bytes; }
  /// Where to put bytes that were received; never empty. Ends the validity of payloads.
  std::span<char> prepare();
  void commit(std::size_t bytes);
  /// The next complete thing in what was committed.
  Event next();
  /// A complete frame is there already: next() will not answer `more`.
  bool ready() const noexcept;

 private:
  struct Header {
    bool fin = false;
    std::uint8_t opcode = 0;
    std::uint64_t length = 0;
    std::size_t size = 0;  ///< of the header; 0 = incomplete
    std::array<char, 4> mask{};
  };
  Header peek() const noexcept;
  Event fail(std::uint16_t code, std::string_view reason);
  Event control(const Header& header, std::string_view payload);
  Event data(const Header& header, std::string_view payload);
  std::uint16_t check(const Header& header, std::string_view& reason) const noexcept;

  std::size_t limit_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  unsigned quiet_ = 0;   ///< reads in a row that would have fit a small buffer
  std::string message_;  ///< fragments so far
  std::size_t fragments_ = 0;
  bool failed_ = false;
};

/// XORs `data` with the repeated mask.
void unmask(std::span<char> data, std::array<char, 4> mask) noexcept;

}  // namespace ferry::websocket
