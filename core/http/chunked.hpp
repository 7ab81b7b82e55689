#pragma once
#include <cstdint>
#include <string_view>

namespace ferry::http {

/// Decodes the chunked coding (RFC 9112 §7.1) in place and strictly: no extensions, no trailers,
/// CRLF only. Pure.
class ChunkedDecoder {
 public:
  enum class State { more, data, done, malformed };
  struct Step {
    State state = State::more;
    std::size_t used = 0;   ///< bytes of the input that are done with, `data` included
    std::string_view data;  ///< for State::data: a piece of the body, part of the input
  };

  /// Looks at `input`, the bytes not used so far. `more`: nothing else can be said without more
  /// input (used bytes are consumed all the same). After done or malformed it stays so.
  Step next(std::string_view input) noexcept;

 private:
  enum class Phase { size, size_lf, data, data_cr, data_lf, last_cr, last_lf, done, malformed };
  Phase phase_ = Phase::size;
  std::uint64_t left_ = 0;  ///< of the current chunk; the size so far in Phase::size
  unsigned digits_ = 0;
};

}  // namespace ferry::http
