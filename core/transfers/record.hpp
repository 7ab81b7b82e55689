#pragma once
// The stored form of a live transfer and the rules about it. Pure: no clock, no store.
#include "base/time.hpp"

#include <ferry/bytes.hpp>
#include <ferry/error.hpp>

#include <array>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferry::transfers {

using TransferId = std::array<std::byte, 16>;

std::string to_text(const TransferId& id);  ///< 32 hex characters
std::optional<TransferId> parse_transfer_id(std::string_view text);

enum class State : std::uint8_t {
  waiting,     ///< the code is open
  joined,      ///< a receiver has taken the place
  handed_off,  ///< a share answers for the sender; anybody with the code may have it
  closed,
};

std::string_view name_of(State state) noexcept;

struct TransferRecord {
  State state = State::waiting;
  std::string code_key;  ///< Code::storage_key(), to find and end the code
  WallTime created;
  WallTime code_expires;
  WallTime session_expires;
  std::string receiver;         ///< hex id of the token that took the place; empty while waiting
  std::string share;            ///< set when handed off
  boost::json::object unknown;  ///< members of a newer version, written back as they came
};

/// JSON with a version number.
Bytes encode(const TransferRecord& record);
/// Errors: corrupt.
Result<TransferRecord> decode(ByteView bytes);

enum class MayJoin : std::uint8_t { yes, taken, expired, closed };

/// Whether somebody who shows the code at `now` gets in.
MayJoin may_join(const TransferRecord& record, WallTime now) noexcept;

/// When a token given to the receiver at `now` ends: with the session, or, when the files are on
/// the server, with the code but at most `session_ttl` from now.
WallTime receiver_session_end(const TransferRecord& record, WallTime now,
                              std::chrono::milliseconds session_ttl) noexcept;

}  // namespace ferry::transfers
