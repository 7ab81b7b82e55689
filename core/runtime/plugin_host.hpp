#pragma once
#include "runtime/loops.hpp"

#include <ferry/plugin.hpp>

#include <memory>
#include <string>

namespace ferry {

/// What one plugin instance sees of the server. The loops, the pool and the metrics must outlive
/// it, and it must outlive the instance.
class PluginHost final : public Host {
 public:
  PluginHost(Loops& loops, BlockingPool& blocking, Metrics& metrics, std::unique_ptr<Logger> log,
             std::string node_id)
      : loops_(loops),
        blocking_(blocking),
        metrics_(metrics),
        log_(std::move(log)),
        node_id_(std::move(node_id)) {}

  Logger& log() override { return *log_; }
  Metrics& metrics() override { return metrics_; }
  std::size_t loops() const override { return loops_.size(); }
  boost::asio::any_io_executor loop(std::size_t index) override { return loops_.executor(index); }
  std::size_t this_loop() const override { return Loops::this_loop(); }
  BlockingPool& blocking() override { return blocking_; }
  const std::string& node_id() const override { return node_id_; }

 private:
  Loops& loops_;
  BlockingPool& blocking_;
  Metrics& metrics_;
  std::unique_ptr<Logger> log_;
  std::string node_id_;
};

}  // namespace ferry
