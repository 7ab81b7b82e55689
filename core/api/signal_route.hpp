#pragma once
#include "api/admission.hpp"
#include "http/router.hpp"
#include "transfers/signaling_hub.hpp"

#include <string>
#include <vector>

namespace ferry::api {

/// Registers GET /api/signal. The services outlive the router.
void add_signal_route(http::Router& router, transfers::SignalingHub& hub, Admission& admission,
                      std::vector<std::string> allowed_origins);

}  // namespace ferry::api
