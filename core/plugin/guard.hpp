#pragma once
// Decorators between the core and a plugin: whatever a plugin throws becomes Errc::internal, a log
// record and ferry_plugin_exceptions_total; calls that reach a backend are counted and timed.
// Streams of a transport are handed out as they are: they have no room for an extra frame per read.
#include <ferry/blob_store.hpp>
#include <ferry/rate_limiter.hpp>
#include <ferry/signaling.hpp>
#include <ferry/storage.hpp>
#include <ferry/transport.hpp>

namespace ferry {

/// `plugin`: the label of metrics and logs. `host` outlives the result.
std::unique_ptr<Storage> guard(std::unique_ptr<Storage> inner, const std::string& plugin,
                               Host& host);
std::unique_ptr<RateLimiter> guard(std::unique_ptr<RateLimiter> inner, const std::string& plugin,
                                   Host& host);
std::unique_ptr<BlobStore> guard(std::unique_ptr<BlobStore> inner, const std::string& plugin,
                                 Host& host);
std::unique_ptr<Signaling> guard(std::unique_ptr<Signaling> inner, const std::string& plugin,
                                 Host& host);
std::unique_ptr<Transport> guard(std::unique_ptr<Transport> inner, const std::string& plugin,
                                 Host& host);

}  // namespace ferry
