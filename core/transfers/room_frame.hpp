#pragma once
// What travels between the sockets of a room over the Signaling plugin: 18 bytes, then the client's
// text as it came. The text is neither parsed nor copied again on its way to the other socket.
#include "base/token.hpp"

#include <ferry/bytes.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferry::transfers {

/// Names one socket and orders the sockets of a role: the greater one came later.
struct Presence {
  std::uint64_t since = 0;  ///< microseconds since 1970 by the node's clock
  std::uint64_t random = 0;
  auto operator<=>(const Presence&) const = default;
};

enum class FrameKind : std::uint8_t {
  relay = 1,    ///< a client's message for the other role
  joined = 2,   ///< this socket is new; the other role answers present
  present = 3,  ///< this socket is there; for the other role
  again = 4,    ///< messages to this socket may be lost; who is there answers present
  left = 5,     ///< this socket is gone
  closed = 6,   ///< the transfer has ended
  stays = 7,    ///< this socket is there and came later than the one of its role that just spoke
};

struct FrameHeader {
  FrameKind kind = FrameKind::relay;
  Role role = Role::none;  ///< of the sending socket; none with closed
  Presence from;
};

inline constexpr std::size_t kFrameHeader = 18;

/// Header and text in one shared piece: send(frame, kFrameHeader) sends the text.
SharedBytes make_frame(const FrameHeader& header, std::string_view text = {});
/// Nothing when it is no frame of ours (another version on the bus).
std::optional<FrameHeader> read_frame(std::string_view frame) noexcept;

std::string room_channel(std::string_view transfer_id);  ///< "room/<32 hex>"

}  // namespace ferry::transfers
