#include "base/crypto.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <cerrno>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>
#include <sys/random.h>
#include <system_error>

namespace ferry {
namespace {

const unsigned char* raw(ByteView bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* raw(std::byte* bytes) noexcept {
  return reinterpret_cast<unsigned char*>(bytes);
}

void hmac(const EVP_MD* algorithm, ByteView key, ByteView data, std::span<std::byte> out) {
  // A null key would mean "reuse the last one" to OpenSSL, so an empty key needs an address.
  const unsigned char none = 0;
  unsigned length = 0;
  const unsigned char* const done =
      HMAC(algorithm, key.empty() ? &none : raw(key), static_cast<int>(key.size()), raw(data),
           data.size(), raw(out.data()), &length);
  if (done == nullptr || length != out.size()) {
    throw std::runtime_error("HMAC failed in libcrypto");
  }
}

}  // namespace

Digest sha256(ByteView bytes) {
  Digest out;
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), raw(out.data()), &length, EVP_sha256(), nullptr) !=
          1 ||
      length != out.size()) {
    throw std::runtime_error("SHA-256 failed in libcrypto");
  }
  return out;
}

Bytes sha1(ByteView bytes) {
  Bytes out(20);
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), raw(out.data()), &length, EVP_sha1(), nullptr) != 1 ||
      length != out.size()) {
    throw std::runtime_error("SHA-1 failed in libcrypto");
  }
  return out;
}

Digest hmac_sha256(ByteView key, ByteView data) {
  Digest out;
  hmac(EVP_sha256(), key, data, out);
  return out;
}

Bytes hmac_sha1(ByteView key, ByteView data) {
  Bytes out(20);
  hmac(EVP_sha1(), key, data, out);
  return out;
}

Bytes hkdf_sha256(ByteView key, std::string_view info, std::size_t length) {
  if (length > 255 * std::tuple_size_v<Digest>) {
    throw std::length_error("HKDF-SHA-256 yields at most 8160 bytes");
  }
  Digest extracted = hmac_sha256({}, key);
  Bytes out;
  Bytes block;
  for (unsigned char counter = 1; out.size() < length; ++counter) {
    const ByteView label = as_bytes(info);
    block.insert(block.end(), label.begin(), label.end());
    block.push_back(static_cast<std::byte>(counter));
    const Digest next = hmac_sha256(extracted, block);
    block.assign(next.begin(), next.end());
    out.insert(
        out.end(), next.begin(),
        next.begin() + static_cast<std::ptrdiff_t>(std::min(next.size(), length - out.size())));
  }
  OPENSSL_cleanse(extracted.data(), extracted.size());
  return out;
}

Bytes random_bytes(std::size_t n) {
  Bytes out(n);
  std::size_t filled = 0;
  while (filled < n) {
    const ssize_t got = ::getrandom(out.data() + filled, n - filled, 0);
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    filled += static_cast<std::size_t>(got);
  }
  return out;
}

std::string random_id() {
  return hex(random_bytes(16));
}

bool equal_secret(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace ferry
