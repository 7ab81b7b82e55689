#include "address.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cstdint>

namespace ferry::tcp {
namespace asio = boost::asio;
namespace {

Error wrong(std::string_view text, std::string_view why) {
  return {Errc::invalid_argument,
          "\"" + std::string(text) + "\" is no address to listen on: " + std::string(why)};
}

}  // namespace

Result<asio::ip::tcp::endpoint> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return wrong(text, "the port is missing, as in 127.0.0.1:8080.");
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) {
    return wrong(text, "the port must be a number from 0 to 65535.");
  }
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost") {
    return wrong(text, "names are not looked up, write 127.0.0.1 or [::1].");
  }
  boost::system::error_code ec;
  const auto address = asio::ip::make_address(std::string(host), ec);
  if (ec) {
    return wrong(text, "write 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080.");
  }
  if (address.is_v6() != brackets) {
    return wrong(text, "an IPv6 address stands in brackets, as in [::1]:8080.");
  }
  return asio::ip::tcp::endpoint(address, port);
}

std::string to_text(const asio::ip::tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  const auto port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

}  // namespace ferry::tcp
