#include "net/io_block.hpp"

#include <vector>

namespace ferry::net {
namespace {

constexpr std::size_t kKept = 16;  // per thread: 4 MiB
thread_local std::vector<std::unique_ptr<std::byte[]>> free_blocks;

}  // namespace

IoBlock::IoBlock() {
  if (free_blocks.empty()) {
    data_ = std::make_unique_for_overwrite<std::byte[]>(kSize);
  } else {
    data_ = std::move(free_blocks.back());
    free_blocks.pop_back();
  }
}

IoBlock::~IoBlock() {
  if (free_blocks.size() < kKept) {
    free_blocks.push_back(std::move(data_));
  }
}

}  // namespace ferry::net
