#pragma once
// The closed list of problem types that clients see (RFC 9457); documented in
// docs/reference/problems.md.
#include <ferry/error.hpp>

#include <boost/system/result.hpp>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

enum class ProblemType {
  malformed_request,
  invalid_request,
  malformed_code,
  malformed_message,
  inconsistent_upload_length,
  bad_range,
  bad_encoding,
  token_invalid,
  origin_denied,
  wrong_role,
  wrong_host,
  not_found,
  unknown_code,
  method_not_allowed,
  too_slow,
  taken,
  replaced,
  mismatching_upload_offset,
  upload_locked,
  upload_incomplete,
  expired,
  tus_version,
  precondition_failed,
  too_large,
  uri_too_long,
  rate_limited,
  headers_too_large,
  not_implemented,
  internal,
  storage_io,
  backend_unavailable,
  draining,
  storage_full,
};

struct ProblemInfo {
  ProblemType type;
  std::string_view slug;   ///< "unknown-code"; the type URI is urn:ferry:problem:<slug>
  unsigned status;         ///< HTTP
  std::string_view title;  ///< a sentence for people
};

/// The table, one entry per type.
std::span<const ProblemInfo> problem_table() noexcept;
const ProblemInfo& info(ProblemType type) noexcept;

/// A refusal on its way to a client. Nothing secret in it.
struct Problem {
  Problem() = default;
  Problem(ProblemType t, std::string d = {}) : type(t), detail(std::move(d)) {}

  ProblemType type = ProblemType::internal;
  std::string detail;
  std::optional<std::chrono::seconds> retry_after;
  /// Members added to the problem object; the value is JSON text.
  std::vector<std::pair<std::string, std::string>> extra;
};

/// How a failed plugin call reads to a client. The detail stays in the log.
Problem to_problem(const Error& error);

/// What services answer.
template <class T>
using Outcome = boost::system::result<T, Problem>;

[[noreturn]] void throw_exception_from_error(const Problem& p, const boost::source_location& where);

}  // namespace ferry
