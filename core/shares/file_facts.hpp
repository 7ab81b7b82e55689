#pragma once
// What a sender may say about a file: its name, its type, its digest. Pure.
#include <optional>
#include <string>
#include <string_view>

namespace ferry::shares {

inline constexpr std::size_t kMaxNameBytes = 1024;
inline constexpr std::string_view kDefaultType = "application/octet-stream";

/// The name without control characters (C0, DEL, C1); `/` stays, for folders. Nothing when it is
/// not UTF-8, empty or longer than kMaxNameBytes.
std::optional<std::string> clean_name(std::string_view name);

/// The last segment of a name with folders.
std::string_view base_name(std::string_view name);

/// A media type `token/token` with optional parameters, at most 127 visible characters (RFC 9110
/// §8.3.1); anything else, or nothing, reads as kDefaultType.
std::string clean_type(std::string_view type);

/// 64 hex digits in lower case.
bool is_sha256_hex(std::string_view text);

/// 32 hex digits in lower case: the ids that random_id() makes.
bool is_id(std::string_view text);

}  // namespace ferry::shares
