#pragma once
#include "base/problem.hpp"
#include "base/time.hpp"
#include "shares/records.hpp"
#include "shares/settings.hpp"
#include "shares/share_metrics.hpp"
#include "shares/upload_service.hpp"

#include <ferry/storage.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ferry::shares {

/// A finished upload on its way into a share.
struct NewFile {
  std::string upload;
  std::string token;
  std::string name;
  std::string type;
  std::string sha256;  ///< hex, may be empty
};

struct ShareTicket {
  std::string id;
  std::string owner_token;
  ShareState state = ShareState::open;
  WallTime expires;
};

/// Stored files behind a link. Safe from any loop. What it is given must outlive it.
///
/// The uploads are bound first, then the share becomes ready; a crash in between is healed by
/// repeating the request. For that, the id and the owner token of a share that is made at once are
/// derived from the upload tokens (256 random bits each): the same request makes the same share.
class ShareService {
 public:
  /// `on_removed` is called when files wait for the janitor; any loop.
  ShareService(Storage& storage, UploadService& uploads, ShareSettings settings, Logger& log,
               Metrics& metrics, std::function<void()> on_removed);

  const ShareSettings& settings() const { return settings_; }

  /// A link whose files follow. Errors: invalid_request.
  Awaitable<Outcome<ShareTicket>> open(std::optional<std::chrono::seconds> life);
  /// Errors: invalid_request, not_found (no such upload, or its token is wrong), upload_incomplete,
  /// too_large (the manifest does not fit into one record of the store).
  Awaitable<Outcome<ShareTicket>> create(std::vector<NewFile> files,
                                         std::optional<std::chrono::seconds> life);
  /// As create(), and token_invalid, expired. The share's life starts anew. Idempotent.
  Awaitable<Outcome<ShareTicket>> complete(std::string id, std::string owner_token,
                                           std::vector<NewFile> files,
                                           std::optional<std::chrono::seconds> life);
  /// Errors: not_found, expired.
  Awaitable<Outcome<ShareRecord>> get(std::string id);
  /// Serves nothing from here on. Errors: not_found, token_invalid.
  Awaitable<Outcome<void>> remove(std::string id, std::string owner_token);

 private:
  struct Bound {
    NewFile file;
    UploadRecord record;
    Version version = 0;
  };

  Outcome<std::chrono::seconds> life_of(std::optional<std::chrono::seconds> wanted,
                                        std::chrono::seconds otherwise) const;
  std::optional<Problem> refuse(std::vector<NewFile>& files) const;
  Awaitable<Outcome<std::vector<Bound>>> load(std::string share, std::vector<NewFile> files);
  Awaitable<Outcome<Bound>> load_one(std::string share, NewFile file, std::string label);
  Awaitable<Outcome<void>> bind(std::string share, std::vector<Bound>& files,
                                std::chrono::seconds life);
  Awaitable<Outcome<ShareTicket>> fill(std::string id, std::string owner_token,
                                       std::vector<NewFile> files,
                                       std::optional<std::chrono::seconds> life);
  Awaitable<Result<Version>> save(std::string id, ShareRecord record, Version version);

  Storage& storage_;
  UploadService& uploads_;
  ShareSettings settings_;
  Logger& log_;
  ShareMetrics metrics_;
  std::function<void()> on_removed_;
  std::size_t max_value_;
  std::size_t max_batch_;
};

}  // namespace ferry::shares
