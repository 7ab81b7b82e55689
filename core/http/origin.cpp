#include "http/origin.hpp"

#include <algorithm>
#include <string_view>

namespace ferry::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return out;
}

/// host[:port] without the port that the scheme has anyway.
std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(port)) {
    authority.remove_suffix(port.size());
  }
  return authority;
}

}  // namespace

bool origin_allowed(const Request& request, const std::vector<std::string>& allowed) {
  if (!request.has("origin")) {
    return true;
  }
  const std::string origin = lower(request.header("origin"));
  const std::size_t colon = origin.find("://");
  if (colon == std::string::npos) {
    return false;  // "null": a sandboxed page or a file
  }
  const std::string_view scheme = std::string_view(origin).substr(0, colon);
  const std::string_view authority = std::string_view(origin).substr(colon + 3);
  if ((scheme != "http" && scheme != "https") || authority.empty()) {
    return false;
  }
  const std::string host = lower(request.host);
  if (without_default_port(authority, scheme) == without_default_port(host, scheme)) {
    return true;
  }
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const std::string& one) { return lower(one) == origin; });
}

}  // namespace ferry::http
