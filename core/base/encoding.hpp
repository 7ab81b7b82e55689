#pragma once
// Text forms of bytes. Decoders are strict: no whitespace, no wrong padding, unused bits zero.
#include <ferry/bytes.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace ferry {

std::string hex(ByteView bytes);  ///< lower case
std::optional<Bytes> hex_decode(std::string_view text);
std::string base64url(ByteView bytes);  ///< RFC 4648 §5 without padding
std::optional<Bytes> base64url_decode(std::string_view text);
std::string base64(ByteView bytes);  ///< RFC 4648 §4 with padding
std::optional<Bytes> base64_decode(std::string_view text);
/// RFC 3986; nothing on a malformed %XX. '+' stays '+'.
std::optional<std::string> percent_decode(std::string_view text);
/// Everything but unreserved characters is escaped.
std::string percent_encode(std::string_view text);
bool is_utf8(std::string_view text) noexcept;  ///< RFC 3629: no surrogates, no overlongs

}  // namespace ferry
