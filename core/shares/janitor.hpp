#pragma once
#include "shares/records.hpp"
#include "shares/settings.hpp"
#include "shares/share_metrics.hpp"
#include "shares/upload_service.hpp"

#include <ferry/storage.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <memory>

namespace ferry::shares {

/// Removes what has expired: blobs first, then the records that point to them, so that a crash at
/// any point leaves a record that is swept again. Every node runs one; the store's leases and
/// versions keep them apart.
class Janitor {
 public:
  Janitor(Storage& storage, UploadService& uploads, JanitorSettings settings, Logger& log,
          Metrics& metrics);

  /// Sweeps now and then on `executor` until stop().
  void start(boost::asio::any_io_executor executor);
  /// Sweeps soon; from any loop, also before start().
  void kick();
  /// Waits for a pass under way. Call it on the executor of start().
  Awaitable<void> stop();

  struct Pass {
    std::size_t removed = 0;
    std::size_t failed = 0;
  };
  /// One pass over everything that is due; gives up when removals keep failing.
  Awaitable<Pass> sweep();

 private:
  struct Loop;

  static Awaitable<void> run(std::shared_ptr<Loop> loop, Janitor& self);
  Awaitable<Result<bool>> handle(Claim claim);
  Awaitable<Result<bool>> sweep_upload(Claim claim);
  Awaitable<Result<bool>> sweep_share(Claim claim);
  Awaitable<Result<void>> remove_file(std::string share, ShareFile file);
  Awaitable<Result<bool>> postpone(Claim claim, Millis delay);
  Awaitable<Result<std::optional<Millis>>> life_of_share(std::string id);

  Storage& storage_;
  UploadService& uploads_;
  JanitorSettings settings_;
  Logger& log_;
  ShareMetrics metrics_;
  std::shared_ptr<Loop> loop_;
};

}  // namespace ferry::shares
