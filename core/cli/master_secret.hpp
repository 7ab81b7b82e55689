#pragma once
#include <ferry/storage.hpp>

#include "base/secret.hpp"

namespace ferry::cli {

/// The secret that all nodes on this storage share; the first one makes it.
Awaitable<Result<Secret>> load_or_make_master_secret(Storage& storage);

}  // namespace ferry::cli
