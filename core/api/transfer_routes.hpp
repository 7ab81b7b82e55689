#pragma once
#include "api/admission.hpp"
#include "http/router.hpp"
#include "transfers/transfer_service.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace ferry::api {

/// What GET /api/transfer/config says about the classic way.
struct ClassicLimits {
  std::uint64_t max_bytes = 0;    ///< of one file; 0 = unlimited
  std::uint64_t chunk_bytes = 0;  ///< size of a PATCH that suits the blob store; 0 = any
  std::size_t max_files = 0;      ///< of one share
  std::chrono::seconds default_expiry{0};
  std::chrono::seconds max_expiry{0};
};

/// Registers POST /api/transfer/{create,join,handoff,close} and GET /api/transfer/config. The
/// services outlive the router.
void add_transfer_routes(http::Router& router, transfers::TransferService& transfers,
                         Admission& admission, ClassicLimits limits, std::string version);

}  // namespace ferry::api
