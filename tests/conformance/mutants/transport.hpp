#pragma once
#include "tcp/transport.hpp"

namespace ferry::mutants {

/// TcpTransport with one bug.
class BrokenTransport final : public Transport {
 public:
  BrokenTransport(Host& host, const config::View& options);
  static config::Schema schema();

  Awaitable<Result<void>> start() override;
  Awaitable<Result<void>> ping() override;
  Awaitable<void> stop() override;
  Result<std::vector<std::unique_ptr<Listener>>> listen(std::size_t loop) override;
  Awaitable<Result<std::unique_ptr<StreamImpl>>> handshake(std::unique_ptr<StreamImpl> raw,
                                                           Deadline deadline) override;

 private:
  tcp::TcpTransport right_;
  std::string bug_;
};

}  // namespace ferry::mutants
