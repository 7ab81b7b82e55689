#pragma once
// Thin wrappers of OpenSSL; nothing here fails but by exception (a broken libcrypto).
#include <ferry/bytes.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace ferry {

using Digest = std::array<std::byte, 32>;

Digest sha256(ByteView bytes);
Bytes sha1(ByteView bytes);  ///< 20 bytes; for the WebSocket handshake only
Digest hmac_sha256(ByteView key, ByteView data);
Bytes hmac_sha1(ByteView key, ByteView data);  ///< 20 bytes; for TURN REST credentials only
/// RFC 5869 with an empty salt; `length` <= 255 * 32.
Bytes hkdf_sha256(ByteView key, std::string_view info, std::size_t length);
Bytes random_bytes(std::size_t n);  ///< getrandom(2)
std::string random_id();            ///< 128 random bits as 32 hex characters
/// In time independent of the contents; false for different lengths.
bool equal_secret(ByteView a, ByteView b) noexcept;

}  // namespace ferry
