#pragma once
#include "api/admission.hpp"
#include "http/router.hpp"
#include "shares/upload_service.hpp"

namespace ferry::api {

/// tus 1.0.0 at /api/uploads. Creations are admitted by the policy `upload_create`.
void add_upload_routes(http::Router& router, shares::UploadService& uploads, Admission& admission);

}  // namespace ferry::api
