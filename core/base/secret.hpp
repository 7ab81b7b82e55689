#pragma once
#include <string>
#include <utility>

namespace ferry {

/// A value that cannot be printed: no operator<<, no formatter, no conversion. reveal() marks each
/// place where it is used. Zeroised on destruction and when replaced.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(Secret other) noexcept {
    value_.swap(other.value_);
    return *this;
  }
  ~Secret();
  const std::string& reveal() const noexcept { return value_; }
  bool empty() const noexcept { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace ferry
