#pragma once
// The envelope of client messages on /api/signal (docs/reference/signaling-protocol.md), read in
// one pass without allocating: the text itself is relayed, so no document is built.
#include <array>
#include <cstdint>
#include <string_view>

namespace ferry::transfers {

enum class MessageType : std::uint8_t { hello, offer, answer, candidate, control, ack, ping, bye };

inline constexpr std::array<std::string_view, 8> kMessageTypes{
    "hello", "offer", "answer", "candidate", "control", "ack", "ping", "bye"};

constexpr std::string_view name_of(MessageType type) noexcept {
  return kMessageTypes[static_cast<std::size_t>(type)];
}

/// Views point into the scanned text.
struct Envelope {
  MessageType type = MessageType::ping;
  std::uint64_t seq = 0;  ///< 0 when the type has none
  std::uint64_t ack = 0;
  std::string_view payload;  ///< the object's text; empty when the type has none
  std::string_view token;    ///< of a hello
};

/// Largest seq and ack: what JavaScript counts without loss.
inline constexpr std::uint64_t kMaxSequence = (std::uint64_t{1} << 53) - 1;
/// Objects and arrays in each other, the envelope included.
inline constexpr unsigned kMaxDepth = 16;

/// Reads one message that is valid UTF-8 (the WebSocket layer has checked). Empty when it is a
/// message of the protocol: one strict JSON object (RFC 8259, escaped surrogates only in pairs),
/// with exactly the members of its type, each once and written without escapes. Otherwise a
/// sentence for the client, which never quotes the message; `out` is then unspecified.
std::string_view scan_message(std::string_view text, Envelope& out) noexcept;

}  // namespace ferry::transfers
