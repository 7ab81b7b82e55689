#pragma once
#include "http/message.hpp"

#include <string>
#include <vector>

namespace ferry::http {

/// Whether a browser sent the request from a page that may: of this host, or of one of `allowed`.
/// A request without Origin comes from no page and passes. Scheme and host are compared with
/// default ports left out; the scheme only where a list gives it, because behind a proxy that is
/// not configured as trusted the server does not know its own.
bool origin_allowed(const Request& request, const std::vector<std::string>& allowed);

}  // namespace ferry::http
