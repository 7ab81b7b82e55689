#include "schema.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace ferry::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kApplicationId = 0x46657272;  // "Ferr"
constexpr std::int64_t kSchemaVersion = 1;
constexpr std::int64_t kCheckAtMost = 64 << 20;  // bytes; a full check of more delays the start

constexpr const char* kTables = R"(
  CREATE TABLE record(
    id INTEGER PRIMARY KEY,
    space TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    expires INTEGER,
    queue TEXT,
    due INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0,
    UNIQUE(space, key));
  CREATE INDEX record_due ON record(queue, due) WHERE queue IS NOT NULL;
  CREATE INDEX record_expires ON record(expires) WHERE expires IS NOT NULL AND queue IS NULL;
  CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO counter VALUES('version', 0);
)";

Error system_error(const std::string& what, int number) {
  const Errc code = number == EACCES || number == EPERM || number == EROFS ? Errc::permission_denied
                    : number == ENOSPC || number == EDQUOT                 ? Errc::quota_exceeded
                                                                           : Errc::unavailable;
  return {code, what + ": " + std::strerror(number)};
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code ignored;  // a folder that cannot be looked at fails below, with its reason
  if (folder.empty() || fs::is_directory(folder, ignored)) {
    return {};
  }
  if (auto parent = make_folder(folder.parent_path()); !parent) {
    return parent;
  }
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("cannot create the folder " + folder.string(), errno);
  }
  return {};
}

/// SQLite would create the file with the umask's mode; its -wal and -shm files follow this mode.
Result<void> make_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return system_error("cannot write " + path, errno);
  }
  struct stat info{};
  const bool regular = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  ::close(fd);
  if (!regular) {
    return Error(Errc::invalid_argument, path + " is not a file");
  }
  return {};
}

void set_up(Database& db, const FileOptions& options) {
  db.execute(options.full_sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  db.execute("PRAGMA temp_store=MEMORY");
  db.execute("PRAGMA journal_size_limit=67108864");
  if (options.max_size > 0) {
    const auto pages =
        options.max_size / static_cast<std::uint64_t>(db.integer("PRAGMA page_size"));
    db.execute(("PRAGMA max_page_count=" + std::to_string(pages)).c_str());
  }
}

Result<void> migrate(Database& db, const std::string& path) {
  const auto version = db.integer("PRAGMA user_version");
  const auto application = db.integer("PRAGMA application_id");
  const auto tables = db.integer("SELECT count(*) FROM sqlite_master");
  if (application != kApplicationId && tables > 0) {
    return Error(Errc::invalid_argument, path + " is a database of another program");
  }
  if (version > kSchemaVersion) {
    return Error(Errc::not_supported, path + " was written by a newer version (schema " +
                                          std::to_string(version) + ", this one reads up to " +
                                          std::to_string(kSchemaVersion) + ")");
  }
  if (version == 0) {
    db.execute("BEGIN IMMEDIATE");
    db.execute(kTables);
    db.execute(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str());
    db.execute(("PRAGMA user_version=" + std::to_string(kSchemaVersion)).c_str());
    db.execute("COMMIT");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> open_writer(const FileOptions& options) {
  if (auto made = make_folder(fs::path(options.path).parent_path()); !made) {
    return made.error();
  }
  if (auto made = make_file(options.path); !made) {
    return made.error();
  }
  try {
    auto db = std::make_unique<Database>(options.path, Database::Mode::writer);
    const auto size = db->integer("PRAGMA page_count") * db->integer("PRAGMA page_size");
    if (size <= kCheckAtMost) {
      if (const auto verdict = db->text("PRAGMA quick_check(1)"); verdict != "ok") {
        return Error(Errc::corrupt, options.path + " is damaged: " + verdict);
      }
    }
    if (const auto mode = db->text("PRAGMA journal_mode=WAL"); mode != "wal") {
      return Error(Errc::not_supported,
                   options.path + ": the file system does not support a write-ahead log");
    }
    set_up(*db, options);
    if (auto ok = migrate(*db, options.path); !ok) {
      return ok.error();
    }
    return db;
  } catch (const Failure& failure) {
    Error error = failure.error();
    error.detail = "cannot open the database " + options.path + ": " + error.detail;
    return error;
  }
}

Result<std::unique_ptr<Database>> open_reader(const FileOptions& options) {
  try {
    return std::make_unique<Database>(options.path, Database::Mode::reader);
  } catch (const Failure& failure) {
    return failure.error();
  }
}

}  // namespace ferry::sqlite
