#include "plugin/guard.hpp"
#include "plugin/guard_lifecycle.hpp"

namespace ferry {
namespace {

class GuardedListener final : public Listener {
 public:
  GuardedListener(std::unique_ptr<Listener> inner, Guarded& guard)
      : inner_(std::move(inner)), guard_(guard) {}

  std::string endpoint() const override { return inner_->endpoint(); }
  Awaitable<Result<std::unique_ptr<StreamImpl>>> accept() override {
    return guarded(guard_, "accept", [this] { return inner_->accept(); });
  }
  void close() noexcept override { inner_->close(); }

 private:
  std::unique_ptr<Listener> inner_;
  Guarded& guard_;
};

class GuardedTransport final : public GuardedPlugin<Transport> {
 public:
  using GuardedPlugin::GuardedPlugin;

  Result<std::vector<std::unique_ptr<Listener>>> listen(std::size_t loop) override {
    using Listeners = std::vector<std::unique_ptr<Listener>>;
    auto listeners = guarded_now(
        guard_, "listen", [&] { return inner_->listen(loop); },
        [](Error error) { return Result<Listeners>(std::move(error)); });
    if (listeners) {
      for (std::unique_ptr<Listener>& listener : *listeners) {
        if (!listener) {
          return null_answer(listeners);
        }
        listener = std::make_unique<GuardedListener>(std::move(listener), guard_);
      }
    }
    return listeners;
  }
  Awaitable<Result<std::unique_ptr<StreamImpl>>> handshake(std::unique_ptr<StreamImpl> raw,
                                                           Deadline deadline) override {
    return guarded(guard_, "handshake", [this, raw = std::move(raw), deadline]() mutable {
      return inner_->handshake(std::move(raw), deadline);
    });
  }
  Awaitable<Result<void>> reload() override {
    return guarded(guard_, "reload", [this] { return inner_->reload(); });
  }
};

}  // namespace

std::unique_ptr<Transport> guard(std::unique_ptr<Transport> inner, const std::string& plugin,
                                 Host& host) {
  return std::make_unique<GuardedTransport>(std::move(inner), plugin, host);
}

}  // namespace ferry
