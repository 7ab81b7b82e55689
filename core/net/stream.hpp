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
/// An operation uses the first buffer (reads) or the first two (writes) of a sequence, and keeps
/// the array that describes them alive, so that a transport may hand its span on to Asio.
class Stream {
 public:
  using executor_type = boost::asio::any_io_executor;

  explicit Stream(std::unique_ptr<StreamImpl> impl)
      : state_(std::make_unique<State>(std::move(impl))) {}

  executor_type get_executor() const noexcept { return impl().get_executor(); }
  StreamImpl& impl() const noexcept { return *state_->impl; }
  const PeerInfo& peer() const { return impl().peer(); }
  void close() const noexcept { impl().close(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) const {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [](auto handler, State* s, std::size_t n) {
          s->impl->read_some({s->reading.data(), n}, IoHandler(std::move(handler)));
        },
        token, state_.get(), gather(buffers, state_->reading));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) const {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [](auto handler, State* s, std::size_t n) {
          s->impl->write_some({s->writing.data(), n}, IoHandler(std::move(handler)));
        },
        token, state_.get(), gather(buffers, state_->writing));
  }

  /// Completes when the socket of sendfile_socket() may be written again.
  template <class Token>
  auto async_wait_writable(Token&& token) const {
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        [](auto handler, StreamImpl* impl) {
          impl->wait_writable(DoneHandler(std::move(handler)));
        },
        token, &impl());
  }

  template <class Token>
  auto async_shutdown(Token&& token) const {
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        [](auto handler, StreamImpl* impl) { impl->shutdown(DoneHandler(std::move(handler))); },
        token, &impl());
  }

 private:
  struct State {
    explicit State(std::unique_ptr<StreamImpl> i) : impl(std::move(i)) {}
    std::unique_ptr<StreamImpl> impl;
    std::array<boost::asio::mutable_buffer, 1> reading;
    std::array<boost::asio::const_buffer, 2> writing;
  };
  template <class Buffers, class Array>
  static std::size_t gather(const Buffers& buffers, Array& into) {
    std::size_t n = 0;
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end && n < into.size();
         ++it) {
      into[n++] = *it;
    }
    return n;
  }

  std::unique_ptr<State> state_;
};

}  // namespace ferry::net
