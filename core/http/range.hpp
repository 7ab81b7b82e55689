#pragma once
// Range requests and conditional requests of RFC 9110 §13 and §14. Pure.
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferry::http {

struct ByteSpan {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteSpan&) const = default;
};

struct RangeVerdict {
  enum class Kind {
    full,           ///< 200: no range, or one that is ignored (other unit, several, malformed)
    partial,        ///< 206 with `span`
    unsatisfiable,  ///< 416
  };
  Kind kind = Kind::full;
  ByteSpan span;
};

/// `value`: the Range field, may be empty. `size`: of the whole representation.
RangeVerdict parse_range(std::string_view value, std::uint64_t size) noexcept;

/// `"…"` around characters that need no escaping, without W/.
bool is_strong_etag(std::string_view etag) noexcept;

/// True when the range of the request is to be used: there is no If-Range, or it names exactly
/// this strong etag, or exactly this date.
bool if_range_holds(std::string_view if_range, std::string_view etag,
                    std::optional<WallTime> last_modified);

/// True when the client's copy is current (304): If-None-Match by weak comparison, or, only in its
/// absence, If-Modified-Since.
bool not_modified(std::string_view if_none_match, std::string_view if_modified_since,
                  std::string_view etag, std::optional<WallTime> last_modified);

/// False when If-Match is there and does not name this strong etag (412).
bool if_match_holds(std::string_view if_match, std::string_view etag);

/// Quotes `opaque`, which must be of [A-Za-z0-9._-].
std::string strong_etag(std::string_view opaque);

}  // namespace ferry::http
