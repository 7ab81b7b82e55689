#pragma once
#include "memory/signaling.hpp"

#include <map>
#include <mutex>

namespace ferry::mutants {

/// MemorySignaling with one bug.
class BrokenSignaling final : public Signaling {
 public:
  BrokenSignaling(Host& host, const config::View& options);
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
  Result<void> publish_in_pairs(std::string_view channel, SharedBytes payload);

  Host& host_;
  memory::MemorySignaling right_;
  std::string bug_;
  std::mutex mutex_;
  std::map<std::size_t, SharedBytes> held_back_;  // by loop
};

}  // namespace ferry::mutants
