#pragma once
#include <ferry/transport.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <memory>
#include <utility>

namespace ferry::net {

/// Move-only handle of a transport's stream; models Asio's AsyncReadStream and AsyncWriteStream.
/// Buffer sequences longer than 16 are used up to their 16th buffer, as any short operation.
class Stream {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit Stream(std::unique_ptr<StreamImpl> impl) : impl_(std::move(impl)) {}

  executor_type get_executor() const noexcept { return impl_->get_executor(); }
  StreamImpl& impl() const noexcept { return *impl_; }
  const PeerInfo& peer() const { return impl_->peer(); }
  void close() const noexcept { impl_->close(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) const {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [](auto handler, StreamImpl* impl, Some<boost::asio::mutable_buffer> some) {
          impl->read_some({some.buffers.data(), some.size}, IoHandler(std::move(handler)));
        },
        token, impl_.get(), gather<boost::asio::mutable_buffer>(buffers));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) const {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [](auto handler, StreamImpl* impl, Some<boost::asio::const_buffer> some) {
          impl->write_some({some.buffers.data(), some.size}, IoHandler(std::move(handler)));
        },
        token, impl_.get(), gather<boost::asio::const_buffer>(buffers));
  }

  /// Completes when a socket of sendfile_socket() may be written again.
  template <class Token>
  auto async_wait_writable(Token&& token) const {
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        [](auto handler, StreamImpl* impl) {
          impl->wait_writable(DoneHandler(std::move(handler)));
        },
        token, impl_.get());
  }

  template <class Token>
  auto async_shutdown(Token&& token) const {
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        [](auto handler, StreamImpl* impl) { impl->shutdown(DoneHandler(std::move(handler))); },
        token, impl_.get());
  }

 private:
  static constexpr std::size_t kMaxBuffers = 16;
  template <class Buffer>
  struct Some {
    std::array<Buffer, kMaxBuffers> buffers;
    std::size_t size = 0;
  };
  template <class Buffer, class Buffers>
  static Some<Buffer> gather(const Buffers& buffers) {
    Some<Buffer> some;
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != end && some.size < kMaxBuffers; ++it) {
      some.buffers[some.size++] = Buffer(*it);
    }
    return some;
  }

  std::unique_ptr<StreamImpl> impl_;
};

}  // namespace ferry::net
