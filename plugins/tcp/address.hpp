#pragma once
#include <ferry/error.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <string_view>

namespace ferry::tcp {

/// "127.0.0.1:8080", "0.0.0.0:0", "[::1]:8080". Names are not resolved. The error is a sentence for
/// the operator.
Result<boost::asio::ip::tcp::endpoint> parse_address(std::string_view text);

std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace ferry::tcp
