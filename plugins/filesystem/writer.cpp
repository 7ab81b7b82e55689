#include "writer.hpp"

#include <charconv>

namespace ferry::filesystem {
namespace {

constexpr std::size_t kGatherBelow = 64 << 10;  // a pool round trip costs more than copying this
constexpr std::size_t kGatherAtMost = 1 << 20;

}  // namespace

Result<std::uint64_t> parse_token(const std::string& token) {
  std::uint64_t offset = 0;
  if (token.empty()) {
    return offset;
  }
  const char* end = token.data() + token.size();
  const auto parsed = std::from_chars(token.data(), end, offset);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return Error(Errc::invalid_argument, "not a token of this store");
  }
  return offset;
}

FileWriter::FileWriter(Host& host, Part part) : host_(host), part_(std::move(part)) {}

std::uint64_t FileWriter::accepted() const {
  return part_.written() + gathered_.size();
}

Awaitable<Result<void>> FileWriter::write(ByteView bytes) {
  if (failure_ || finished_) {
    co_return failure_.value_or(Error(Errc::invalid_argument, "the blob is finished"));
  }
  if (bytes.size() < kGatherBelow && gathered_.size() + bytes.size() <= kGatherAtMost) {
    gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
    co_return Result<void>();
  }
  auto work = [this, bytes] { return append(bytes); };
  co_return co_await host_.blocking().run(std::move(work));
}

Awaitable<Result<BlobWriter::Checkpoint>> FileWriter::checkpoint() {
  if (failure_) {
    co_return *failure_;
  }
  if (finished_ || (gathered_.empty() && part_.written() == part_.durable())) {
    co_return checkpoint_reached();
  }
  auto work = [this]() -> Result<Checkpoint> {
    // On a full disk what did fit still becomes durable, and the answer says how far that is.
    if (auto ok = flush(); !ok && ok.error().code != Errc::quota_exceeded) {
      return ok.error();
    }
    if (auto ok = note(part_.checkpoint()); !ok) {
      return ok.error();
    }
    return checkpoint_reached();
  };
  co_return co_await host_.blocking().run(std::move(work));
}

Awaitable<Result<BlobInfo>> FileWriter::finish() {
  if (failure_) {
    co_return *failure_;
  }
  auto work = [this]() -> Result<BlobInfo> {
    if (!finished_) {
      if (auto ok = flush(); !ok) {
        return ok.error();
      }
      if (auto ok = note(part_.finish()); !ok) {
        return ok.error();
      }
      finished_ = true;
    }
    BlobInfo info;
    info.size = part_.written();
    return info;
  };
  co_return co_await host_.blocking().run(std::move(work));
}

Result<void> FileWriter::append(ByteView bytes) {
  auto outcome = note(part_.append(gathered_, bytes));
  if (outcome) {
    gathered_.clear();
  }
  return outcome;
}

Result<void> FileWriter::flush() {
  return gathered_.empty() ? Result<void>() : append({});
}

/// A full disk may have room again later; any other failure ends this writer.
Result<void> FileWriter::note(Result<void> outcome) {
  if (!outcome && outcome.error().code != Errc::quota_exceeded) {
    failure_ = outcome.error();
  }
  return outcome;
}

BlobWriter::Checkpoint FileWriter::checkpoint_reached() const {
  Checkpoint c;
  c.durable = part_.durable();
  c.token = std::to_string(c.durable);
  return c;
}

}  // namespace ferry::filesystem
