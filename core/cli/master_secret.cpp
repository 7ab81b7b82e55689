#include "cli/master_secret.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"

namespace ferry::cli {

Awaitable<Result<Secret>> load_or_make_master_secret(Storage& storage) {
  const RecordKey key("node", "master_secret");
  // Twice: another node may write its secret between our read and our write.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto found = co_await storage.get(key);
    if (found) {
      co_return Secret(to_text(found->value));
    }
    if (found.error().code != Errc::not_found) {
      co_return found.error();
    }
    const std::string made = base64url(random_bytes(32));
    std::vector<Write> batch;
    batch.push_back(Write::put(key, to_bytes(made)).if_absent());
    const auto written = co_await storage.apply(std::move(batch));
    if (written) {
      co_return Secret(made);
    }
    if (written.error().code != Errc::version_mismatch) {
      co_return written.error();
    }
  }
  co_return Error(Errc::internal, "the storage neither keeps nor shows the master secret");
}

}  // namespace ferry::cli
