#include "base/token.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/time.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <openssl/crypto.h>
#include <stdexcept>

namespace ferry {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPrefix = "st1.";
constexpr std::size_t kPayload = 56;
constexpr std::size_t kPayloadText = 75;
constexpr std::size_t kTagText = 43;
constexpr std::size_t kText = kPrefix.size() + kPayloadText + 1 + kTagText;
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kKnownFlags = 0;  // none is used yet
constexpr std::chrono::seconds kSkew = 30s;
constexpr std::chrono::milliseconds kLongest = 24h;

std::uint32_t day_of(Token::Time t) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::days>(t).time_since_epoch().count());
}

class Writer {
 public:
  template <class Integer>
  void put(Integer value) {
    for (std::size_t i = sizeof value; i-- > 0;) {
      out_[at_++] = static_cast<std::byte>(value >> (8 * i));
    }
  }
  template <std::size_t N>
  void put(const std::array<std::byte, N>& bytes) {
    std::copy(bytes.begin(), bytes.end(), out_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += N;
  }
  const std::array<std::byte, kPayload>& bytes() const { return out_; }

 private:
  std::array<std::byte, kPayload> out_{};
  std::size_t at_ = 0;
};

class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}
  template <class Integer>
  Integer get() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      value = (value << 8) | std::to_integer<std::uint64_t>(bytes_[at_++]);
    }
    return static_cast<Integer>(value);
  }
  template <std::size_t N>
  std::array<std::byte, N> get_bytes() {
    std::array<std::byte, N> out;
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), N, out.begin());
    at_ += N;
    return out;
  }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
};

bool is_known(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(TokenType::signal) &&
         type <= static_cast<std::uint8_t>(TokenType::owner);
}

bool is_all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

std::nullopt_t refuse(std::string_view* reason, std::string_view why) {
  if (reason != nullptr) {
    *reason = why;
  }
  return std::nullopt;
}

}  // namespace

// Derived keys by type and day. Only days around today are ever asked for, so it stays tiny.
class TokenKeys::Cache {
 public:
  explicit Cache(Secret master) : master_(std::move(master)) {}
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  ~Cache() {
    for (auto& [id, key] : keys_) {
      OPENSSL_cleanse(key.data(), key.size());
    }
  }

  Digest key(std::uint8_t type, std::uint32_t day) {
    const std::lock_guard lock(mutex_);
    if (const auto found = keys_.find({day, type}); found != keys_.end()) {
      return found->second;
    }
    const Digest derived = derive(type, day);
    keys_.emplace(std::pair(day, type), derived);
    forget_oldest();
    return derived;
  }

 private:
  Digest derive(std::uint8_t type, std::uint32_t day) const {
    Bytes derived =
        hkdf_sha256(as_bytes(master_.reveal()),
                    "st1/hmac-sha256/typ=" + std::to_string(type) + "/kid=" + std::to_string(day),
                    std::tuple_size_v<Digest>);
    Digest key;
    std::copy(derived.begin(), derived.end(), key.begin());
    OPENSSL_cleanse(derived.data(), derived.size());
    return key;
  }
  void forget_oldest() {
    constexpr std::size_t most = 16;  // three days of each type, and some slack
    if (keys_.size() > most) {
      OPENSSL_cleanse(keys_.begin()->second.data(), keys_.begin()->second.size());
      keys_.erase(keys_.begin());
    }
  }

  Secret master_;
  std::mutex mutex_;
  std::map<std::pair<std::uint32_t, std::uint8_t>, Digest> keys_;
};

std::string_view name_of(Role role) noexcept {
  switch (role) {
    case Role::none: return "none";
    case Role::sender: return "sender";
    case Role::receiver: return "receiver";
  }
  return "unknown";
}

TokenKeys::TokenKeys(Secret master) {
  if (master.reveal().size() < 32) {
    throw std::invalid_argument("the master secret of tokens must have at least 32 bytes");
  }
  cache_ = std::make_shared<Cache>(std::move(master));
}

std::string TokenKeys::mint(Token token) const {
  const std::int64_t issued = to_unix_ms(token.issued);
  const std::int64_t expires = to_unix_ms(token.expires);
  if (issued < 0 || expires <= issued || expires - issued > kLongest.count() ||
      (token.flags & ~kKnownFlags) != 0) {
    throw std::invalid_argument("a token must last between 1 ms and 24 h and carry known flags");
  }
  if (is_all_zero(token.id)) {
    const Bytes random = random_bytes(token.id.size());
    std::copy(random.begin(), random.end(), token.id.begin());
  }
  const auto type = static_cast<std::uint8_t>(token.type);
  const std::uint32_t day = day_of(token.issued);
  Writer payload;
  payload.put(kVersion);
  payload.put(type);
  payload.put(static_cast<std::uint8_t>(token.role));
  payload.put(token.flags);
  payload.put(day);
  payload.put(static_cast<std::uint64_t>(issued));
  payload.put(static_cast<std::uint64_t>(expires));
  payload.put(token.room);
  payload.put(token.id);
  payload.put(token.arg);
  std::string text(kPrefix);
  text += base64url(payload.bytes());
  const Digest tag = hmac_sha256(cache_->key(type, day), as_bytes(text));
  text += '.';
  text += base64url(tag);
  return text;
}

std::optional<Token> TokenKeys::verify(std::string_view text, TokenType expected, Token::Time now,
                                       std::string_view* reason) const {
  if (text.size() != kText || !text.starts_with(kPrefix) ||
      text[kPrefix.size() + kPayloadText] != '.') {
    return refuse(reason, "not a token");
  }
  const std::string_view covered = text.substr(0, kPrefix.size() + kPayloadText);
  const auto payload = base64url_decode(covered.substr(kPrefix.size()));
  const auto tag = base64url_decode(text.substr(covered.size() + 1));
  if (!payload || !tag || payload->size() != kPayload) {
    return refuse(reason, "not base64url");
  }

  Reader in(*payload);
  const auto version = in.get<std::uint8_t>();
  const auto type = in.get<std::uint8_t>();
  const auto role = in.get<std::uint8_t>();
  const auto flags = in.get<std::uint8_t>();
  const auto day = in.get<std::uint32_t>();
  const auto issued = in.get<std::uint64_t>();
  const auto expires = in.get<std::uint64_t>();

  // Before the tag only what chooses the key is looked at, and only so that the choice is bounded.
  const std::uint32_t today = day_of(now);
  if (!is_known(type) || day + 1 < today || day > today + 1) {
    return refuse(reason, "signed with the key of another day or an unknown type");
  }
  if (!equal_secret(hmac_sha256(cache_->key(type, day), as_bytes(covered)), *tag)) {
    return refuse(reason, "wrong signature");
  }
  if (version != kVersion || (flags & ~kKnownFlags) != 0 ||
      role > static_cast<std::uint8_t>(Role::receiver)) {
    return refuse(reason, "unknown version, flag or role");
  }
  if (type != static_cast<std::uint8_t>(expected)) {
    return refuse(reason, "a token for something else");
  }
  const auto now_ms = static_cast<std::uint64_t>(to_unix_ms(now));
  const auto skew = static_cast<std::uint64_t>(std::chrono::milliseconds(kSkew).count());
  if (issued > now_ms + skew) {
    return refuse(reason, "issued in the future");
  }
  if (expires <= issued || expires - issued > static_cast<std::uint64_t>(kLongest.count())) {
    return refuse(reason, "lifetime out of bounds");
  }
  if (now_ms >= expires + skew) {
    return refuse(reason, "expired");
  }

  Token token;
  token.type = expected;
  token.role = static_cast<Role>(role);
  token.flags = flags;
  token.issued = from_unix_ms(static_cast<std::int64_t>(issued));
  token.expires = from_unix_ms(static_cast<std::int64_t>(expires));
  token.room = in.get_bytes<16>();
  token.id = in.get_bytes<12>();
  token.arg = in.get<std::uint32_t>();
  return token;
}

}  // namespace ferry
