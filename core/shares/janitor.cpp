#include "shares/janitor.hpp"

#include "base/crypto.hpp"
#include "base/try.hpp"
#include "runtime/spawn.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <optional>

namespace asio = boost::asio;

namespace ferry::shares {
namespace {

constexpr std::size_t kClaims = 64;
constexpr std::chrono::seconds kLease{60};
constexpr std::size_t kMaxRounds = 1000;
/// Breaker: so many failures in a row end a pass.
constexpr std::size_t kMaxFailures = 3;
/// A record that cannot be read waits for a person; it is looked at daily.
constexpr std::chrono::hours kDamagedDelay{24};
constexpr std::chrono::hours kMargin{1};

/// `interval` give or take a quarter, so that the nodes of a cluster do not sweep together.
Millis jittered(Millis interval) {
  const auto random = std::to_integer<int>(random_bytes(1).front());
  return interval * (384 + random) / 512;
}

}  // namespace

struct Janitor::Loop {
  std::mutex mutex;
  std::optional<asio::any_io_executor> executor;       // guarded; set by start()
  std::unique_ptr<asio::steady_timer> timer;           // on the executor only
  std::unique_ptr<asio::steady_timer> stopped_signal;  // on the executor only
  bool stopping = false;                               // on the executor only
  bool running = false;                                // on the executor only
  std::atomic<bool> kicked{false};
};

Janitor::Janitor(Storage& storage, UploadService& uploads, JanitorSettings settings, Logger& log,
                 Metrics& metrics)
    : storage_(storage),
      uploads_(uploads),
      settings_(settings),
      log_(log),
      metrics_(metrics),
      loop_(std::make_shared<Loop>()) {}

void Janitor::start(asio::any_io_executor executor) {
  {
    const std::lock_guard lock(loop_->mutex);
    loop_->executor = executor;
  }
  loop_->timer = std::make_unique<asio::steady_timer>(executor);
  loop_->stopped_signal = std::make_unique<asio::steady_timer>(executor, Deadline::max());
  loop_->running = true;
  spawn("janitor", executor, run(loop_, *this));
}

void Janitor::kick() {
  loop_->kicked = true;
  std::optional<asio::any_io_executor> executor;
  {
    const std::lock_guard lock(loop_->mutex);
    executor = loop_->executor;
  }
  if (executor) {
    asio::post(*executor, [loop = loop_] { loop->timer->cancel(); });
  }
}

Awaitable<void> Janitor::stop() {
  const auto loop = loop_;
  loop->stopping = true;
  if (loop->running) {
    loop->timer->cancel();
    boost::system::error_code ignored;
    co_await loop->stopped_signal->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

Awaitable<void> Janitor::run(std::shared_ptr<Loop> loop, Janitor& self) {
  while (!loop->stopping) {
    if (!loop->kicked.exchange(false)) {
      loop->timer->expires_after(jittered(self.settings_.interval));
      boost::system::error_code ignored;
      co_await loop->timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      loop->kicked = false;
    }
    if (!loop->stopping) {
      self.uploads_.close_idle();
      (void)co_await self.sweep();
    }
  }
  loop->running = false;
  loop->stopped_signal->cancel();
}

Awaitable<Janitor::Pass> Janitor::sweep() {
  Pass pass;
  std::size_t in_a_row = 0;
  for (std::size_t round = 0; round < kMaxRounds && !loop_->stopping; ++round) {
    auto claims = co_await storage_.claim_due(std::string(kSweepQueue), kClaims, kLease);
    if (!claims) {
      ++pass.failed;
      metrics_.sweep_errors.add();
      log_.warn("the sweeper could not ask for its work", {{"reason", claims.error().detail}});
      co_return pass;
    }
    const auto leased_until = std::chrono::steady_clock::now() + kLease / 2;
    const bool more = claims->size() == kClaims;
    for (auto& claim : *claims) {
      if (loop_->stopping || std::chrono::steady_clock::now() > leased_until) {
        break;
      }
      const auto done = co_await handle(std::move(claim));
      if (done) {
        pass.removed += *done ? 1 : 0;
        in_a_row = 0;
        continue;
      }
      ++pass.failed;
      metrics_.sweep_errors.add();
      log_.warn("the sweeper could not remove something, it will be tried again",
                {{"error", name_of(done.error().code)}, {"reason", done.error().detail}});
      if (++in_a_row == kMaxFailures) {
        log_.error("the sweeper gives this pass up: removals keep failing");
        co_return pass;
      }
    }
    if (!more) {
      break;
    }
  }
  co_return pass;
}

Awaitable<Result<bool>> Janitor::handle(Claim claim) {
  if (claim.key.space == kUploadSpace) {
    co_return co_await sweep_upload(std::move(claim));
  }
  if (claim.key.space == kShareSpace) {
    co_return co_await sweep_share(std::move(claim));
  }
  log_.error("a record that is neither upload nor share waits to be swept",
             {{"space", claim.key.space}});
  co_return co_await postpone(std::move(claim), kDamagedDelay);
}

Awaitable<Result<bool>> Janitor::sweep_upload(Claim claim) {
  auto record = decode_upload(claim.record.value);
  if (!record) {
    metrics_.sweep_errors.add();
    log_.error("a damaged upload record cannot be swept", {{"reason", record.error().detail}});
    co_return co_await postpone(std::move(claim), kDamagedDelay);
  }
  if (record->state == UploadState::shared) {
    // The share's own sweep takes its uploads along; this one is for what a crash left behind.
    FERRY_CO_TRY(life, co_await life_of_share(record->share));
    if (life) {
      co_return co_await postpone(std::move(claim), *life + kMargin);
    }
  }
  const bool unfinished = record->state == UploadState::open;
  FERRY_CO_TRY(gone,
               co_await uploads_.discard(claim.key.key, std::move(*record), claim.record.version));
  if (gone) {
    metrics_.swept_uploads.add();
    if (unfinished) {
      metrics_.expired.add();
    }
  }
  co_return gone;
}

Awaitable<Result<bool>> Janitor::sweep_share(Claim claim) {
  auto record = decode_share(claim.record.value);
  if (!record) {
    metrics_.sweep_errors.add();
    log_.error("a damaged share record cannot be swept", {{"reason", record.error().detail}});
    co_return co_await postpone(std::move(claim), kDamagedDelay);
  }
  for (auto& file : record->files) {
    FERRY_CO_CHECK(co_await remove_file(claim.key.key, std::move(file)));
  }
  const bool expired = record->state != ShareState::removed;
  record->state = ShareState::removed;
  record->files.clear();
  std::vector<Write> batch;
  batch.push_back(Write::put(claim.key, encode(*record))
                      .if_version(claim.record.version)
                      .expire_in(kAfterlife));
  const auto buried = co_await storage_.apply(std::move(batch));
  if (!buried) {
    if (buried.error().code == Errc::version_mismatch) {
      co_return false;
    }
    co_return buried.error();
  }
  metrics_.swept_shares.add();
  if (expired) {
    metrics_.shares_expired.add();
  }
  co_return true;
}

Awaitable<Result<void>> Janitor::remove_file(std::string share, ShareFile file) {
  const auto stored = co_await storage_.get(upload_key(file.upload));
  if (!stored) {
    if (stored.error().code == Errc::not_found) {
      co_return Result<void>();  // an earlier, interrupted pass removed it
    }
    co_return stored.error();
  }
  auto record = decode_upload(stored->value);
  if (!record) {
    log_.error("the record of a shared upload is damaged", {{"reason", record.error().detail}});
    record = UploadRecord();
    record->blob = file.blob;
  } else if (record->state != UploadState::shared || record->share != share) {
    co_return Result<void>();
  }
  FERRY_CO_TRY(gone, co_await uploads_.discard(file.upload, std::move(*record), stored->version));
  if (gone) {
    metrics_.swept_uploads.add();
  }
  co_return Result<void>();
}

Awaitable<Result<bool>> Janitor::postpone(Claim claim, Millis delay) {
  // What has no life of its own (a bound upload) keeps having none.
  const auto life = claim.record.expires_in;
  std::vector<Write> batch;
  batch.push_back(Write::put(claim.key, std::move(claim.record.value))
                      .if_version(claim.record.version)
                      .due_in(delay, std::string(kSweepQueue)));
  if (life) {
    auto put = std::move(batch.front()).expire_in(std::max(Millis(1), *life));
    batch.front() = std::move(put);
  }
  const auto done = co_await storage_.apply(std::move(batch));
  if (!done && done.error().code != Errc::version_mismatch) {
    co_return done.error();
  }
  co_return false;
}

/// Remaining life of a share; nothing when it has ended or was never there.
Awaitable<Result<std::optional<Millis>>> Janitor::life_of_share(std::string id) {
  const auto stored = co_await storage_.get(share_key(id));
  if (!stored) {
    if (stored.error().code == Errc::not_found) {
      co_return std::optional<Millis>();
    }
    co_return stored.error();
  }
  FERRY_CO_TRY(share, decode_share(stored->value));
  if (share.state == ShareState::removed || has_expired(*stored)) {
    co_return std::optional<Millis>();
  }
  co_return std::optional<Millis>(stored->expires_in.value_or(kAfterlife) - kAfterlife);
}

}  // namespace ferry::shares
