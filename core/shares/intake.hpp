#pragma once
#include <ferry/plugin.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>

namespace ferry::shares {

/// Next piece of a request's body; empty = end. Valid until the next call.
/// Errors: timeout (too slow), cancelled (client gone), invalid_argument (malformed).
using Source = std::function<Awaitable<Result<ByteView>>()>;

/// Reads a body ahead of whoever writes it, so that the socket is read while the disk is written:
/// one block fills while the other is out. Everything on one loop.
class Intake : public std::enable_shared_from_this<Intake> {
 public:
  /// What `source` refers to must live until join() has completed.
  static std::shared_ptr<Intake> start(boost::asio::any_io_executor executor, Source source,
                                       std::size_t block_bytes);

  Intake(boost::asio::any_io_executor executor, Source source, std::size_t block_bytes);

  /// The next full block; before that, what there is when the body ended or `patience` has passed.
  /// Empty only in the latter two cases. Valid until the next call.
  Awaitable<ByteView> take(Deadline patience);
  /// Nothing will come any more, and everything was taken.
  bool drained() const { return ended_ && filled_ == 0; }
  /// Why the body ended early; nothing when it ended well.
  const std::optional<Error>& error() const { return error_; }
  /// Ends the reading now, as if the client had gone.
  void stop();
  /// Waits until the source is no longer in use.
  Awaitable<void> join();

 private:
  Awaitable<void> read_all();
  Awaitable<void> append(ByteView piece);
  void end(std::optional<Error> error);

  Source source_;
  std::size_t capacity_;
  std::unique_ptr<std::byte[]> filling_;
  std::unique_ptr<std::byte[]> out_;
  std::size_t filled_ = 0;
  bool ended_ = false;
  bool finished_ = false;
  std::optional<Error> error_;
  boost::asio::steady_timer taker_;   // cancelled to wake take() and join()
  boost::asio::steady_timer reader_;  // cancelled to wake append()
  boost::asio::cancellation_signal cancel_;
};

}  // namespace ferry::shares
