#pragma once
#include <cstddef>
#include <memory>
#include <span>

namespace ferry::net {

/// A 256 KiB block for bodies, kept for reuse by the thread that gives it back.
class IoBlock {
 public:
  static constexpr std::size_t kSize = 256 * 1024;

  IoBlock();
  ~IoBlock();
  IoBlock(const IoBlock&) = delete;
  IoBlock& operator=(const IoBlock&) = delete;

  std::span<std::byte> bytes() const noexcept { return {data_.get(), kSize}; }

 private:
  std::unique_ptr<std::byte[]> data_;
};

}  // namespace ferry::net
