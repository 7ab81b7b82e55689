#pragma once
// Live transfers on Storage: create, join, hand off, close. Every decision is one compare-and-swap,
// so any number of nodes may share the store.
#include "base/problem.hpp"
#include "base/token.hpp"
#include "transfers/record.hpp"
#include "transfers/settings.hpp"

#include <ferry/signaling.hpp>
#include <ferry/storage.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry::transfers {

/// Says when a share ends; its problem (not_found, expired) when it cannot be handed out.
using ShareLookup = std::function<Awaitable<Outcome<WallTime>>(std::string share_id)>;

struct Opened {
  std::string transfer_id;
  std::string code;  ///< XXXX-XXXX; exists nowhere else from here on
  std::string token;
  WallTime code_expires;
  WallTime session_expires;
};

struct Joined {
  std::string transfer_id;
  std::string token;
  WallTime session_expires;
  std::string share;  ///< empty: the sender is to be met live
};

/// Thread safety: every method from any loop. Outlives every coroutine it starts.
class TransferService {
 public:
  using Clock = std::function<WallTime()>;

  /// `master`: the secret that all nodes share; the key of the codes is derived from it.
  /// `shares` may be empty: then nothing can be handed off.
  TransferService(Storage& storage, Signaling& signaling, const TokenKeys& tokens,
                  const Secret& master, Settings settings, ShareLookup shares, Logger& log,
                  Metrics& metrics, Clock clock = &std::chrono::system_clock::now);

  Awaitable<Outcome<Opened>> create();
  /// Of any number of callers exactly one gets a waiting transfer; the others get `taken`.
  /// Problems: malformed_code, unknown_code, expired (also when closed), taken, and those of the
  /// store. A receiver that shows its own token (`mine`) gets its place again.
  Awaitable<Outcome<Joined>> join(std::string code, std::optional<Token> mine = std::nullopt);
  /// Ties a share to the sender's code. Idempotent; another share replaces the first.
  Awaitable<Outcome<void>> handoff(Token sender, std::string share_id);
  /// Ends the transfer for both ends, on every node. Idempotent.
  Awaitable<Outcome<void>> close(Token token);

  /// False when the transfer was closed or its record is gone.
  Awaitable<Result<bool>> is_open(TransferId id);

  /// The session token of a request or a hello; nothing (and counted by reason) when it is not one.
  std::optional<Token> session(std::string_view token_text) const;

  /// What a page may use: servers with credentials only for the holder of a session.
  std::vector<IceServer> ice_servers(const std::optional<Token>& session) const;

  const Settings& settings() const noexcept { return settings_; }
  WallTime now() const { return clock_(); }

  /// To be called when a join was refused before it reached join(), so that one metric tells all.
  void count_limited_join() noexcept { lookups_limited_.add(); }

 private:
  struct Stored {
    TransferRecord record;
    Version version = 0;
  };
  struct Link {
    std::optional<TransferId> id;
    Version version = 0;  ///< 0: the code leads nowhere
  };

  Awaitable<Result<Stored>> load(TransferId id);
  /// Success also when the code leads nowhere.
  Awaitable<Result<Link>> find_code(std::string code_key);
  /// Writes the record, and what its code leads to unless another transfer has that code now.
  Awaitable<Result<void>> store(TransferId id, Stored stored, Millis code_life, Millis record_life);
  Outcome<Joined> admitted(const TransferId& id, const TransferRecord& record, Token token) const;
  Problem failed(std::string_view operation, const Error& error) const;

  Storage& storage_;
  Signaling& signaling_;
  const TokenKeys& tokens_;
  const Bytes code_key_;
  const Settings settings_;
  const ShareLookup shares_;
  Logger& log_;
  Metrics& metrics_;
  const Clock clock_;

  Counter& created_;
  Counter& joined_;
  Counter& handed_off_;
  Counter& closed_;
  Counter& lookups_hit_;
  Counter& lookups_miss_;
  Counter& lookups_malformed_;
  Counter& lookups_expired_;
  Counter& lookups_taken_;
  Counter& lookups_limited_;
  Counter& turn_credentials_;
};

}  // namespace ferry::transfers
