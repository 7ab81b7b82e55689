#pragma once
#include "base/time.hpp"
#include "http/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ferry::http {

/// What a download of a blob says about itself.
struct BlobMeta {
  BlobMeta() = default;
  std::string name;  ///< for Content-Disposition; any text
  /// Offered to the client; anything that a browser might run is sent as application/octet-stream.
  std::string type;
  std::uint64_t size = 0;
  std::string etag;  ///< strong, with its quotes; empty: none
  std::optional<WallTime> last_modified;
  std::string repr_digest;  ///< RFC 9530 value ("sha-256=:…:"); empty: none
};

/// 200, 206, 304, 412 or 416 for a GET or HEAD of the blob, with the header set of a download
/// (attachment, sandboxed, not cached by others). A failed open() is a problem response; then
/// `failed`, if given, is set to the error for the log.
Awaitable<Response> blob_response(const Request& request, BlobStore& store, BlobKey key,
                                  BlobMeta meta, Error* failed = nullptr);

/// `type` if it is a well-formed media type without parameters that no browser runs or renders as
/// a page, else application/octet-stream.
std::string download_type(std::string_view type);

}  // namespace ferry::http
