#pragma once
#include <string>
#include <string_view>

namespace ferry::http {

/// The last component of a name as people may safely save it: UTF-8 (invalid bytes replaced),
/// without path separators, control and bidi control characters, leading dots of hidden files
/// kept, at most 255 bytes cut at a character with the extension preserved; "download" when
/// nothing is left.
std::string safe_file_name(std::string_view name);

/// `attachment; filename="…"; filename*=UTF-8''…` of RFC 6266 and RFC 8187. One line whatever
/// `name` holds; filename* (left out for plain names) decodes to safe_file_name(name).
std::string content_disposition(std::string_view name);

}  // namespace ferry::http
