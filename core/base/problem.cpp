#include "base/problem.hpp"

#include <array>
#include <stdexcept>

namespace ferry {
namespace {

using enum ProblemType;

constexpr std::array kTable{
    ProblemInfo{malformed_request, "malformed-request", 400,
                "The server could not understand this request."},
    ProblemInfo{invalid_request, "invalid-request", 400,
                "Something in this request is missing or not allowed."},
    ProblemInfo{malformed_code, "malformed-code", 400,
                "This is not a complete code. Please check what you typed."},
    ProblemInfo{malformed_message, "malformed-message", 400,
                "The page sent something that the server could not understand."},
    ProblemInfo{inconsistent_upload_length, "inconsistent-upload-length", 400,
                "The size of this upload changed on the way."},
    ProblemInfo{bad_range, "bad-range", 416, "The requested part lies beyond the end of the file."},
    ProblemInfo{bad_encoding, "bad-encoding", 415,
                "The server does not accept this kind of content."},
    ProblemInfo{token_invalid, "token-invalid", 401,
                "Your access has ended. Please start again from the code or the link."},
    ProblemInfo{origin_denied, "origin-denied", 403,
                "Another website may not use this server from your browser."},
    ProblemInfo{wrong_role, "wrong-role", 403, "Only the other side may do this."},
    ProblemInfo{wrong_host, "wrong-host", 421, "This server does not answer under this name."},
    ProblemInfo{not_found, "not-found", 404, "There is nothing here. Please check the link."},
    ProblemInfo{unknown_code, "unknown-code", 404,
                "Nobody is waiting under this code. Please check it with the sender."},
    ProblemInfo{method_not_allowed, "method-not-allowed", 405,
                "This cannot be done at this address."},
    ProblemInfo{too_slow, "too-slow", 408, "The connection was too slow, so the server gave up."},
    ProblemInfo{taken, "taken", 409, "Somebody else has already used this code."},
    ProblemInfo{replaced, "replaced", 409, "This transfer was opened in another window."},
    ProblemInfo{mismatching_upload_offset, "mismatching-upload-offset", 409,
                "The upload has to go on from another place."},
    ProblemInfo{upload_locked, "upload-locked", 423,
                "This upload is already running somewhere else."},
    ProblemInfo{upload_incomplete, "upload-incomplete", 409,
                "A file has not been uploaded completely yet."},
    ProblemInfo{expired, "expired", 410, "This has expired. Please ask for a new code or link."},
    ProblemInfo{tus_version, "tus-version", 412,
                "The server does not speak this version of the upload protocol."},
    ProblemInfo{precondition_failed, "precondition-failed", 412,
                "The file has changed in the meantime."},
    ProblemInfo{too_large, "too-large", 413, "This is larger than the server allows."},
    ProblemInfo{uri_too_long, "uri-too-long", 414, "The address is too long."},
    ProblemInfo{rate_limited, "rate-limited", 429,
                "That was too often in a short time. Please wait a moment."},
    ProblemInfo{headers_too_large, "headers-too-large", 431,
                "The browser sent more header data than the server accepts."},
    ProblemInfo{not_implemented, "not-implemented", 501, "The server cannot do this."},
    ProblemInfo{internal, "internal", 500, "Something went wrong on the server."},
    ProblemInfo{storage_io, "storage-io", 500, "The server could not read or write its storage."},
    ProblemInfo{backend_unavailable, "backend-unavailable", 503,
                "A part of the server is not reachable right now. Please try again."},
    ProblemInfo{draining, "draining", 503,
                "The server is restarting. Please try again in a moment."},
    ProblemInfo{storage_full, "storage-full", 507,
                "The server has no space left. What has arrived is kept; please try again later."},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].type) != i) {
      return false;
    }
  }
  return kTable.back().type == storage_full;
}
static_assert(in_order(), "info() indexes the table by type");

ProblemType type_for(Errc code) noexcept {
  switch (code) {
    case Errc::not_found: return not_found;
    case Errc::too_large: return too_large;
    case Errc::quota_exceeded: return storage_full;
    case Errc::version_mismatch:  // somebody else kept winning
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::overloaded: return backend_unavailable;
    case Errc::shutting_down: return draining;
    case Errc::permission_denied:
    case Errc::corrupt: return storage_io;
    case Errc::already_exists:
    case Errc::precondition_failed:
    case Errc::invalid_argument:
    case Errc::not_supported:
    case Errc::cancelled:
    case Errc::internal: break;
  }
  return internal;
}

}  // namespace

std::span<const ProblemInfo> problem_table() noexcept {
  return kTable;
}

const ProblemInfo& info(ProblemType type) noexcept {
  return kTable[static_cast<std::size_t>(type)];
}

Problem to_problem(const Error& error) {
  Problem problem(type_for(error.code));
  if (problem.type == backend_unavailable || problem.type == draining) {
    problem.retry_after = std::chrono::seconds(2);
  }
  return problem;
}

void throw_exception_from_error(const Problem& p, const boost::source_location&) {
  throw std::runtime_error("unhandled problem " + std::string(info(p.type).slug) + ": " + p.detail);
}

}  // namespace ferry
