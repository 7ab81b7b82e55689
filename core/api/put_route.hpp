#pragma once
#include "api/admission.hpp"
#include "http/router.hpp"
#include "shares/share_service.hpp"
#include "shares/upload_service.hpp"

namespace ferry::api {

/// PUT /{name}: `curl -T file https://host/` stores one file and answers its link. Admitted by the
/// policy `share_create`.
void add_put_route(http::Router& router, shares::UploadService& uploads,
                   shares::ShareService& shares, Admission& admission);

}  // namespace ferry::api
