// What proxies say: the client's address is canonical or the peer's, the host stays a host.
// Lines: X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, a CIDR entry.
#include "net/address.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>

using namespace ferry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 4> lines;
  for (auto& line : lines) {
    const auto end = text.find('\n');
    line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  static const auto trusted = *net::AddressSet::parse({"10.0.0.0/8", "fd00::/8"});
  const auto view =
      net::client_view("10.0.0.1", false, "x", {lines[0], lines[1], lines[2]}, trusted);
  if (view) {
    const auto ip = net::IpAddress::parse(view->ip);
    if (!ip || ip->text() != view->ip || !net::is_valid_host(view->host)) {
      std::abort();
    }
    if (const auto prefix = ip->prefix(); prefix.empty()) {
      std::abort();
    }
  }
  const auto untrusted =
      net::client_view("192.0.2.1", false, "x", {lines[0], lines[1], lines[2]}, trusted);
  if (!untrusted || untrusted->ip != "192.0.2.1" || untrusted->host != "x" || untrusted->secure) {
    std::abort();
  }
  if (const auto set = net::AddressSet::parse({std::string(lines[3])})) {
    set->contains("192.0.2.1");
  }
  return 0;
}
