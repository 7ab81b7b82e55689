#pragma once
// Client addresses: parsing, CIDR lists, and what a request says about its client when it came
// through proxies. Pure.
#include <ferry/error.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::net {

/// An IP address in canonical form: v4-mapped (::ffff:a.b.c.d) and NAT64 (64:ff9b::/96) addresses
/// are IPv4, zone ids are dropped.
class IpAddress {
 public:
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const noexcept { return v4_; }
  std::string text() const;
  /// What rate limiters and connection caps count by: the address for IPv4, the /64 for IPv6.
  std::string prefix() const;
  /// True when the first `bits` (of 32 or 128) are those of `network`, which is of the same family.
  bool in(const IpAddress& network, unsigned bits) const noexcept;

  bool operator==(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};  ///< IPv4 in the first four
  bool v4_ = false;
};

/// A list of networks. The word "unix" stands for peers of unix sockets, which have no address.
class AddressSet {
 public:
  AddressSet() = default;
  /// invalid_argument names the entry that is no address, CIDR or "unix".
  static Result<AddressSet> parse(const std::vector<std::string>& entries);

  bool contains(const IpAddress& address) const noexcept;
  /// `text` empty: a unix socket.
  bool contains(std::string_view text) const;
  bool empty() const noexcept { return networks_.empty() && !unix_; }
  void add(const AddressSet& other);

 private:
  struct Network {
    IpAddress address;
    unsigned bits;
  };
  std::vector<Network> networks_;
  bool unix_ = false;
};

/// host [":" port] of RFC 9110 §7.2 with a reg-name of letters, digits, '.', '-', '_' or an IP
/// literal; at most 255 characters.
bool is_valid_host(std::string_view text) noexcept;

/// The fields of a request that proxies write; empty when absent, repeated ones joined by commas.
struct ForwardedFields {
  std::string_view forwarded_for;
  std::string_view forwarded_proto;
  std::string_view forwarded_host;
};

struct ClientView {
  ClientView() = default;
  std::string ip;       ///< canonical; empty for a unix socket without X-Forwarded-For
  bool secure = false;  ///< https at the outermost hop we believe
  std::string host;
  bool trusted_proxy = false;  ///< the peer itself is one
};

/// X-Forwarded-For is walked from the right: trusted hops are skipped, the first other one is the
/// client, an unreadable one ends the walk at the last good one. All three fields are ignored when
/// the peer is not trusted. Nothing: more than 10 elements.
std::optional<ClientView> client_view(std::string_view peer_address, bool peer_encrypted,
                                      std::string_view host, const ForwardedFields& fields,
                                      const AddressSet& trusted);

}  // namespace ferry::net
