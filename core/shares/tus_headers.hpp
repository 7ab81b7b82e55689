#pragma once
// The header fields of tus 1.0.0, read strictly. Pure.
#include "base/problem.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry::shares {

inline constexpr std::string_view kTusVersion = "1.0.0";
inline constexpr std::string_view kTusExtensions =
    "creation,creation-with-upload,creation-defer-length,expiration,termination";
inline constexpr std::string_view kOffsetMediaType = "application/offset+octet-stream";

/// Lengths and offsets end here (2^53 - 1), because clients in JavaScript cannot count further.
inline constexpr std::uint64_t kMaxLength = (std::uint64_t{1} << 53) - 1;
inline constexpr std::size_t kMaxMetadataBytes = 4096;
inline constexpr std::size_t kMaxMetadataPairs = 32;

/// Upload-Offset, Upload-Length: decimal digits without sign or leading zeros, <= kMaxLength.
std::optional<std::uint64_t> parse_byte_count(std::string_view text);

/// Upload-Length or Upload-Defer-Length: 1, exactly one of them. Nothing inside = deferred.
Outcome<std::optional<std::uint64_t>> parse_declared_length(std::string_view upload_length,
                                                            std::string_view defer_length);

/// The pairs of Upload-Metadata in the order sent, values decoded.
class Metadata {
 public:
  explicit Metadata(std::vector<std::pair<std::string, std::string>> pairs)
      : pairs_(std::move(pairs)) {}
  /// Value of `key`, empty when absent.
  std::string_view find(std::string_view key) const;
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// Upload-Metadata: `key base64, key base64, key`. Keys are visible ASCII without comma, not empty
/// and not repeated; blanks around commas are allowed. An empty field has no pairs.
Outcome<Metadata> parse_metadata(std::string_view field);

/// Content-Type of a body that carries bytes of an upload; parameters are not allowed.
bool is_offset_media_type(std::string_view content_type);

/// Upload-Expires.
std::string format_expires(WallTime t);

}  // namespace ferry::shares
