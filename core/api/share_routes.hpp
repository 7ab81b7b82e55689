#pragma once
#include "api/admission.hpp"
#include "http/router.hpp"
#include "shares/share_service.hpp"

#include <ferry/blob_store.hpp>

namespace ferry::api {

/// /api/shares and the downloads: /api/shares/{id}/files/{index} and /s/{id}/{name}. Creations are
/// admitted by the policy `share_create`.
void add_share_routes(http::Router& router, shares::ShareService& shares, BlobStore& blobs,
                      Admission& admission, Logger& log, Metrics& metrics);

}  // namespace ferry::api
