#include "http/chunked.hpp"

#include <algorithm>

namespace ferry::http {
namespace {

constexpr unsigned kMaxDigits = 13;  // 2^52 - 1

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view input) noexcept {
  Step step;
  const auto expect = [&](char c, Phase next) {
    phase_ = c == input[step.used++] ? next : Phase::malformed;
  };
  while (true) {
    if (phase_ == Phase::done || phase_ == Phase::malformed) {
      step.state = phase_ == Phase::done ? State::done : State::malformed;
      return step;
    }
    if (step.used == input.size()) {
      return step;
    }
    switch (phase_) {
      case Phase::size: {
        const char c = input[step.used++];
        const int value = hex_value(c);
        if (value >= 0 && ++digits_ <= kMaxDigits) {
          left_ = left_ * 16 + static_cast<std::uint64_t>(value);
        } else {
          phase_ =
              c == '\r' && digits_ > 0 && digits_ <= kMaxDigits ? Phase::size_lf : Phase::malformed;
        }
        break;
      }
      case Phase::size_lf: expect('\n', left_ == 0 ? Phase::last_cr : Phase::data); break;
      case Phase::data: {
        const auto n =
            static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - step.used));
        step.data = input.substr(step.used, n);
        step.used += n;
        left_ -= n;
        if (left_ == 0) {
          phase_ = Phase::data_cr;
        }
        step.state = State::data;
        return step;
      }
      case Phase::data_cr: expect('\r', Phase::data_lf); break;
      case Phase::data_lf:
        expect('\n', Phase::size);
        left_ = 0;
        digits_ = 0;
        break;
      case Phase::last_cr: expect('\r', Phase::last_lf); break;
      case Phase::last_lf: expect('\n', Phase::done); break;
      case Phase::done:
      case Phase::malformed: break;
    }
  }
}

}  // namespace ferry::http
