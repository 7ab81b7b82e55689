#pragma once
// RAII over one SQLite connection and its statements. Used by one thread at a time.
#include <ferry/bytes.hpp>
#include <ferry/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace ferry::sqlite {

/// Thrown inside the plugin only: a failed statement abandons a whole transaction, and every public
/// call turns it into an Error.
class Failure {
 public:
  Failure(int code, std::string text) : code_(code), text_(std::move(text)) {}
  int code() const noexcept { return code_; }  ///< extended SQLite result code
  /// quota_exceeded, corrupt, permission_denied, unavailable or internal.
  Error error() const;

 private:
  int code_;
  std::string text_;
};

class Database;

/// A prepared statement; bound, stepped and reset by one thread.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, const std::optional<std::int64_t>& value);
  Statement& bind(int index, std::string_view text);  ///< `text` outlives the next reset()
  Statement& bind(int index, ByteView blob);          ///< `blob` outlives the next reset()

  bool step();  ///< true: a row is there
  void run();   ///< steps once and resets; for statements without rows
  void reset() noexcept;

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;  ///< until the next step
  Bytes blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const noexcept;
  };
  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// Resets a statement when the scope ends, so that a read does not keep its snapshot open.
class Rewind {
 public:
  explicit Rewind(Statement& s) : statement_(s) {}
  ~Rewind() { statement_.reset(); }
  Rewind(const Rewind&) = delete;
  Rewind& operator=(const Rewind&) = delete;

 private:
  Statement& statement_;
};

class Database {
 public:
  enum class Mode { writer, reader };

  /// Throws Failure. The file is created with mode 0600 by a writer.
  Database(const std::string& path, Mode mode);
  void execute(const char* sql);
  std::int64_t integer(const char* sql);
  std::string text(const char* sql);
  bool in_transaction() const noexcept;
  sqlite3* handle() noexcept { return connection_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* c) const noexcept;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace ferry::sqlite
