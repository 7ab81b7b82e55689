#pragma once
#include <ferry/abi.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>
#include <string>
#include <utility>

namespace ferry {

/// Everything a plugin call may fail with. Values are part of the ABI: append only.
enum class Errc : int {
  not_found = 1,        ///< no such key, or it has expired
  already_exists,       ///< create of something that is there
  version_mismatch,     ///< compare-and-swap lost: re-read and try again
  precondition_failed,  ///< the bound of a counter would be crossed
  invalid_argument,     ///< the caller's bug; never retried
  not_supported,        ///< see caps()
  too_large,
  quota_exceeded,  ///< no space left on the device, or a quota of the backend
  permission_denied,
  unavailable,  ///< backend unreachable; may be retried
  timeout,      ///< outcome unknown; retry only what is idempotent
  overloaded,   ///< a local queue is full; may be retried after a pause
  cancelled,
  shutting_down,
  corrupt,   ///< stored data fails its own checks
  internal,  ///< a bug, or an answer of the backend that makes no sense
};

/// Fixed id: codes compare equal across shared objects.
FERRY_API const boost::system::error_category& ferry_category() noexcept;

inline boost::system::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), ferry_category()};
}

/// A code to act on and a text for the operator's log. The text never reaches a client and never
/// contains a secret.
struct Error {
  Error() = default;  // boost::system::result in 1.81 requires it
  Error(Errc e, std::string d = {}) : code(e), detail(std::move(d)) {}

  Errc code = Errc::internal;
  std::string detail;
};

/// "not_found", "version_mismatch", … as written in logs and metrics.
FERRY_API std::string_view name_of(Errc e) noexcept;

/// True for unavailable and overloaded: the call had no effect and may work later.
FERRY_API bool is_retryable(Errc e) noexcept;

/// Called by Result<T>::value() on an error; throws boost::system::system_error.
[[noreturn]] FERRY_API void throw_exception_from_error(const Error& e,
                                                       const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace ferry

namespace boost::system {
template <>
struct is_error_code_enum<ferry::Errc> : std::true_type {};
}  // namespace boost::system
