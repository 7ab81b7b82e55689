#pragma once
#include "database.hpp"

#include <ferry/error.hpp>

#include <memory>
#include <string>

namespace ferry::sqlite {

struct FileOptions {
  std::string path;
  bool full_sync = true;       ///< fsync at every commit
  std::uint64_t max_size = 0;  ///< bytes; 0 = unlimited
};

/// Creates the folder (0700) and the file (0600) when missing, opens it, checks that it is sound
/// and ours, and brings its tables to the version of this program. The error says what is wrong
/// with which path. Blocks.
Result<std::unique_ptr<Database>> open_writer(const FileOptions& options);

/// Another connection to a file that open_writer() accepted. Blocks.
Result<std::unique_ptr<Database>> open_reader(const FileOptions& options);

}  // namespace ferry::sqlite
