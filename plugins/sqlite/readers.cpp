#include "readers.hpp"

namespace ferry::sqlite {
namespace {

constexpr std::size_t kMaxReaders = 4;

}  // namespace

Result<std::unique_ptr<Readers::Connection>> Readers::take() {
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !idle_.empty() || open_ < kMaxReaders; });
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    ++open_;
  }
  Error error;
  try {
    auto db = open_reader(options_);
    if (db) {
      return std::make_unique<Connection>(std::move(*db));
    }
    error = db.error();
  } catch (const Failure& failure) {
    error = failure.error();
  }
  const std::lock_guard lock(mutex_);
  --open_;
  returned_.notify_one();
  return error;
}

void Readers::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
  returned_.notify_one();
}

void Readers::close() {
  const std::lock_guard lock(mutex_);
  open_ -= idle_.size();
  idle_.clear();
}

}  // namespace ferry::sqlite
