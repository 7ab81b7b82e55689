#pragma once
#include "listener.hpp"

#include <ferry/transport.hpp>

#include <mutex>

namespace ferry::tcp {

/// Plain TCP, every loop with a listening socket of its own.
class TcpTransport final : public Transport {
 public:
  TcpTransport(Host& host, const config::View& options);
  static config::Schema schema();
  static void validate(const config::View& options, std::vector<config::Problem>& out);

  Awaitable<Result<void>> start() override;
  Awaitable<Result<void>> ping() override;
  Awaitable<void> stop() override;
  Result<std::vector<std::unique_ptr<Listener>>> listen(std::size_t loop) override;

 private:
  Host& host_;
  std::string address_;
  ListenOptions options_;
  std::mutex mutex_;  // of options_.endpoint and bound_
  bool bound_ = false;
};

}  // namespace ferry::tcp
