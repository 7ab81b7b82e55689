#pragma once
#include <ferry/signaling.hpp>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace ferry::memory {

/// Fan-out between the loops of this process.
class MemorySignaling final : public Signaling {
 public:
  MemorySignaling(Host& host, const config::View& options);
  ~MemorySignaling() override;
  static config::Schema schema();

  Awaitable<Result<void>> start() override;
  Awaitable<Result<void>> ping() override;
  Awaitable<void> stop() override;

  SignalingCaps caps() const override;
  Awaitable<Result<void>> subscribe(std::string channel,
                                    std::weak_ptr<SignalingEvents> events) override;
  Awaitable<void> unsubscribe(std::string channel, std::weak_ptr<SignalingEvents> events) override;
  Result<void> publish(std::string_view channel, SharedBytes payload) override;

 private:
  class Hub;  // shared with posted deliveries, which may run after this object is gone
  Host& host_;
  std::size_t max_payload_;
  std::shared_ptr<Hub> hub_;
};

}  // namespace ferry::memory
