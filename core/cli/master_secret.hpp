#pragma once
#include "base/secret.hpp"

#include <ferry/storage.hpp>

namespace ferry::cli {

/// The secret that all nodes on this storage share; the first one makes it.
Awaitable<Result<Secret>> load_or_make_master_secret(Storage& storage);

}  // namespace ferry::cli
