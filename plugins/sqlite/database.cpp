#include "database.hpp"

#include <sqlite3.h>

namespace ferry::sqlite {
namespace {

void check(sqlite3* connection, int code) {
  if (code != SQLITE_OK) {
    throw Failure(code, sqlite3_errmsg(connection));
  }
}

int length_of(std::size_t size) {
  return static_cast<int>(size);  // values are bounded by StorageCaps, far below 2 GiB
}

}  // namespace

Error Failure::error() const {
  switch (code_ & 0xff) {
    case SQLITE_FULL: return {Errc::quota_exceeded, text_};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return {Errc::corrupt, text_};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return {Errc::permission_denied, text_};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM: return {Errc::unavailable, text_};
    default: return {Errc::internal, text_ + " (SQLite " + std::to_string(code_) + ")"};
  }
}

Statement::Statement(Database& database, std::string_view sql) : connection_(database.handle()) {
  sqlite3_stmt* raw = nullptr;
  check(connection_, sqlite3_prepare_v3(connection_, sql.data(), length_of(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr));
  statement_.reset(raw);
}

void Statement::Finalize::operator()(sqlite3_stmt* s) const noexcept {
  sqlite3_finalize(s);
}

Statement& Statement::bind(int index, std::int64_t value) {
  check(connection_, sqlite3_bind_int64(statement_.get(), index, value));
  return *this;
}

Statement& Statement::bind(int index, const std::optional<std::int64_t>& value) {
  if (value) {
    return bind(index, *value);
  }
  check(connection_, sqlite3_bind_null(statement_.get(), index));
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  check(connection_, sqlite3_bind_text(statement_.get(), index, text.data() ? text.data() : "",
                                       length_of(text.size()), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind(int index, ByteView blob) {
  // A null pointer would bind NULL instead of an empty value.
  static constexpr char kNothing = 0;
  const void* data = blob.empty() ? static_cast<const void*>(&kNothing) : blob.data();
  check(connection_,
        sqlite3_bind_blob(statement_.get(), index, data, length_of(blob.size()), SQLITE_STATIC));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code != SQLITE_DONE) {
    Failure failure(code, sqlite3_errmsg(connection_));
    reset();
    throw failure;
  }
  return false;
}

void Statement::run() {
  const Rewind rewind(*this);
  step();
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_.get());
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return {data ? data : "",
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Bytes Statement::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return data ? Bytes(data, data + size) : Bytes();
}

Database::Database(const std::string& path, Mode mode) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  connection_.reset(raw);  // also a failed open has to be closed
  if (code != SQLITE_OK) {
    throw Failure(code, raw ? sqlite3_errmsg(raw) : "out of memory");
  }
  sqlite3_busy_timeout(raw, 5000);
  sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);
  execute("PRAGMA trusted_schema=OFF");
  if (mode == Mode::reader) {
    execute("PRAGMA query_only=ON");
  }
}

void Database::Close::operator()(sqlite3* c) const noexcept {
  sqlite3_close_v2(c);
}

void Database::execute(const char* sql) {
  check(connection_.get(), sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr));
}

std::int64_t Database::integer(const char* sql) {
  Statement s(*this, sql);
  return s.step() ? s.integer(0) : 0;
}

std::string Database::text(const char* sql) {
  Statement s(*this, sql);
  return s.step() ? std::string(s.text(0)) : std::string();
}

bool Database::in_transaction() const noexcept {
  return sqlite3_get_autocommit(connection_.get()) == 0;
}

}  // namespace ferry::sqlite
