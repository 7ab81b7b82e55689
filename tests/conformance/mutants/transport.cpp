#include "transport.hpp"

#include "bug.hpp"

namespace ferry::mutants {
namespace {

/// Does not know who is on the other side.
class AnonymousStream final : public StreamImpl {
 public:
  explicit AnonymousStream(std::unique_ptr<StreamImpl> right) : right_(std::move(right)) {}

  boost::asio::any_io_executor get_executor() noexcept override { return right_->get_executor(); }
  const PeerInfo& peer() const override { return peer_; }
  void read_some(std::span<const boost::asio::mutable_buffer> into, IoHandler done) override {
    right_->read_some(into, std::move(done));
  }
  void write_some(std::span<const boost::asio::const_buffer> from, IoHandler done) override {
    right_->write_some(from, std::move(done));
  }
  void wait_writable(DoneHandler done) override { right_->wait_writable(std::move(done)); }
  void shutdown(DoneHandler done) override { right_->shutdown(std::move(done)); }
  void close() noexcept override { right_->close(); }
  int sendfile_socket() noexcept override { return right_->sendfile_socket(); }

 private:
  std::unique_ptr<StreamImpl> right_;
  PeerInfo peer_;
};

}  // namespace

BrokenTransport::BrokenTransport(Host& host, const config::View& options)
    : right_(host, options), bug_(options.string("bug")) {}

config::Schema BrokenTransport::schema() {
  return with_bug(tcp::TcpTransport::schema());
}

Awaitable<Result<void>> BrokenTransport::start() {
  return right_.start();
}

Awaitable<Result<void>> BrokenTransport::ping() {
  return right_.ping();
}

Awaitable<void> BrokenTransport::stop() {
  return right_.stop();
}

Result<std::vector<std::unique_ptr<Listener>>> BrokenTransport::listen(std::size_t loop) {
  return right_.listen(loop);
}

Awaitable<Result<std::unique_ptr<StreamImpl>>> BrokenTransport::handshake(
    std::unique_ptr<StreamImpl> raw, Deadline) {
  if (bug_ == "forgets_peers") {
    raw = std::make_unique<AnonymousStream>(std::move(raw));
  }
  co_return raw;
}

}  // namespace ferry::mutants
