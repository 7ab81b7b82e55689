#include "net/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>

namespace ferry::net {
namespace {

constexpr std::size_t kMaxHops = 10;

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

/// The part after the last comma, trimmed.
std::string_view last_element(std::string_view list) noexcept {
  return trim(list.substr(list.rfind(',') + 1));
}

bool is_port(std::string_view text) noexcept {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// An element of X-Forwarded-For: an address, perhaps with a port.
std::optional<IpAddress> parse_hop(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    const auto rest = text.substr(end + 1);
    if (!rest.empty() && !(rest.front() == ':' && is_port(rest.substr(1)))) {
      return std::nullopt;
    }
    return IpAddress::parse(text.substr(1, end - 1));
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    if (!is_port(text.substr(colon + 1))) {
      return std::nullopt;
    }
    text = text.substr(0, colon);
  }
  return IpAddress::parse(text);
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  const auto zone = text.find('%');
  if (zone != std::string_view::npos && text.find(':') != std::string_view::npos) {
    text = text.substr(0, zone);
  }
  if (text.empty() || text.size() >= sizeof buffer || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';

  IpAddress out;
  if (inet_pton(AF_INET, buffer, out.bytes_.data()) == 1) {
    out.v4_ = true;
    return out;
  }
  if (inet_pton(AF_INET6, buffer, out.bytes_.data()) != 1) {
    return std::nullopt;
  }
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr std::array<std::uint8_t, 12> kNat64{0, 0x64, 0xff, 0x9b};
  if (std::equal(kMapped.begin(), kMapped.end(), out.bytes_.begin()) ||
      std::equal(kNat64.begin(), kNat64.end(), out.bytes_.begin())) {
    std::copy_n(out.bytes_.begin() + 12, 4, out.bytes_.begin());
    std::fill(out.bytes_.begin() + 4, out.bytes_.end(), std::uint8_t{0});
    out.v4_ = true;
  }
  return out;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
  return buffer;
}

std::string IpAddress::prefix() const {
  if (v4_) {
    return text();
  }
  IpAddress network = *this;
  std::fill(network.bytes_.begin() + 8, network.bytes_.end(), std::uint8_t{0});
  return network.text() + "/64";
}

bool IpAddress::in(const IpAddress& network, unsigned bits) const noexcept {
  if (v4_ != network.v4_) {
    return false;
  }
  const auto whole = bits / 8;
  if (!std::equal(bytes_.begin(), bytes_.begin() + whole, network.bytes_.begin())) {
    return false;
  }
  const auto rest = bits % 8;
  return rest == 0 || ((bytes_[whole] ^ network.bytes_[whole]) >> (8 - rest)) == 0;
}

Result<AddressSet> AddressSet::parse(const std::vector<std::string>& entries) {
  AddressSet out;
  for (const auto& entry : entries) {
    if (entry == "unix") {
      out.unix_ = true;
      continue;
    }
    const auto slash = entry.find('/');
    const auto address = IpAddress::parse(std::string_view(entry).substr(0, slash));
    const unsigned most = address && address->is_v4() ? 32 : 128;
    unsigned bits = most;
    bool good = address.has_value();
    if (good && slash != std::string::npos) {
      const char* begin = entry.data() + slash + 1;
      const char* end = entry.data() + entry.size();
      const auto [at, ec] = std::from_chars(begin, end, bits);
      good = ec == std::errc() && at == end && bits <= most;
    }
    if (!good) {
      return Error(Errc::invalid_argument,
                   "\"" + entry + "\" is no address, CIDR network or \"unix\"");
    }
    out.networks_.push_back({*address, bits});
  }
  return out;
}

void AddressSet::add(const AddressSet& other) {
  networks_.insert(networks_.end(), other.networks_.begin(), other.networks_.end());
  unix_ = unix_ || other.unix_;
}

bool AddressSet::contains(const IpAddress& address) const noexcept {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& n) { return address.in(n.address, n.bits); });
}

bool AddressSet::contains(std::string_view text) const {
  if (text.empty()) {
    return unix_;
  }
  const auto address = IpAddress::parse(text);
  return address && contains(*address);
}

bool is_valid_host(std::string_view text) noexcept {
  if (text.empty() || text.size() > 255) {
    return false;
  }
  std::string_view port;
  if (text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos || !IpAddress::parse(text.substr(1, end - 1)) ||
        text.substr(1, end - 1).find(':') == std::string_view::npos) {
      return false;
    }
    port = text.substr(end + 1);
  } else {
    const auto end = std::min(text.find(':'), text.size());
    for (const char c : text.substr(0, end)) {
      const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
      if (!good) {
        return false;
      }
    }
    if (end == 0) {
      return false;
    }
    port = text.substr(end);
  }
  return port.empty() || (port.front() == ':' && is_port(port.substr(1)));
}

std::optional<ClientView> client_view(std::string_view peer_address, bool peer_encrypted,
                                      std::string_view host, const ForwardedFields& fields,
                                      const AddressSet& trusted) {
  ClientView out;
  out.secure = peer_encrypted;
  out.host = host;
  const auto peer = IpAddress::parse(peer_address);
  out.ip = peer ? peer->text() : std::string(peer_address);
  out.trusted_proxy = peer ? trusted.contains(*peer) : trusted.contains(peer_address);
  if (!out.trusted_proxy) {
    return out;
  }
  std::string_view list = fields.forwarded_for;
  if (!list.empty() &&
      std::count(list.begin(), list.end(), ',') >= static_cast<std::ptrdiff_t>(kMaxHops)) {
    return std::nullopt;
  }
  while (!list.empty()) {
    const auto hop = parse_hop(last_element(list));
    if (!hop) {
      break;
    }
    out.ip = hop->text();
    if (!trusted.contains(*hop)) {
      break;
    }
    const auto comma = list.rfind(',');
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  }
  if (const auto proto = last_element(fields.forwarded_proto); !proto.empty()) {
    out.secure = proto == "https" || proto == "wss";
  }
  if (const auto name = last_element(fields.forwarded_host); is_valid_host(name)) {
    out.host = name;
  }
  return out;
}

}  // namespace ferry::net
