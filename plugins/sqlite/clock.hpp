#pragma once
#include <chrono>
#include <cstdint>

namespace ferry::sqlite {

/// The store's clock: wall time, because records outlive the process. Milliseconds since 1970.
inline std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace ferry::sqlite
