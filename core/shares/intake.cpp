#include "shares/intake.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>

namespace asio = boost::asio;

namespace ferry::shares {
namespace {

Awaitable<void> wait(asio::steady_timer& timer) {
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

Intake::Intake(asio::any_io_executor executor, Source source, std::size_t block_bytes)
    : source_(std::move(source)),
      capacity_(block_bytes),
      filling_(std::make_unique_for_overwrite<std::byte[]>(block_bytes)),
      out_(std::make_unique_for_overwrite<std::byte[]>(block_bytes)),
      taker_(executor),
      reader_(executor) {}

std::shared_ptr<Intake> Intake::start(asio::any_io_executor executor, Source source,
                                      std::size_t block_bytes) {
  auto intake = std::make_shared<Intake>(executor, std::move(source), block_bytes);
  asio::co_spawn(executor, intake->read_all(),
                 asio::bind_cancellation_slot(
                     intake->cancel_.slot(), [intake](const std::exception_ptr& thrown) {
                       if (thrown) {
                         intake->end(Error(Errc::cancelled, "reading was interrupted"));
                       }
                       intake->finished_ = true;
                       intake->taker_.cancel();
                     }));
  return intake;
}

Awaitable<void> Intake::read_all() {
  while (!ended_) {
    const auto piece = co_await source_();
    if (!piece) {
      end(piece.error());
    } else if (piece->empty()) {
      end(std::nullopt);
    } else {
      co_await append(*piece);
    }
  }
}

Awaitable<void> Intake::append(ByteView piece) {
  while (!piece.empty()) {
    while (filled_ == capacity_ && !ended_) {
      reader_.expires_at(Deadline::max());
      co_await wait(reader_);
    }
    if (ended_) {
      co_return;
    }
    const auto n = std::min(piece.size(), capacity_ - filled_);
    std::memcpy(filling_.get() + filled_, piece.data(), n);
    filled_ += n;
    piece = piece.subspan(n);
    if (filled_ == capacity_) {
      taker_.cancel();
    }
  }
}

void Intake::end(std::optional<Error> error) {
  if (!ended_) {
    ended_ = true;
    error_ = std::move(error);
    taker_.cancel();
    reader_.cancel();
  }
}

Awaitable<ByteView> Intake::take(Deadline patience) {
  if (!ended_ && filled_ < capacity_) {
    taker_.expires_at(patience);
    co_await wait(taker_);
  }
  std::swap(filling_, out_);
  const auto n = std::exchange(filled_, 0);
  reader_.cancel();
  co_return ByteView(out_.get(), n);
}

void Intake::stop() {
  end(Error(Errc::cancelled, "stopped"));
  cancel_.emit(asio::cancellation_type::terminal);
}

Awaitable<void> Intake::join() {
  while (!finished_) {
    taker_.expires_at(Deadline::max());
    co_await wait(taker_);
  }
}

}  // namespace ferry::shares
