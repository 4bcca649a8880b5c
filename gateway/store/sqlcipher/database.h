// Thin owners of a SQLCipher connection and of a prepared statement, and what its errors mean.
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/ids.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/base/time.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace fieldgate::store::sqlcipher {

/// One prepared statement; lives no longer than its connection. Bound bytes must stay alive until
/// the statement is reset. Not thread-safe.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  void bind(int position, std::int64_t value);
  void bind(int position, ByteView value);
  void bind_text(int position, std::string_view value);
  void bind_time(int position, UtcTime value);
  void bind_null(int position);

  /// True for a row, false at the end.
  [[nodiscard]] Result<bool> step();
  /// Runs a statement that yields no rows, and resets it. On an error it is reset, too.
  [[nodiscard]] Result<void> run();
  /// Ends the statement's read transaction.
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  /// Valid until the next step or reset.
  [[nodiscard]] ByteView blob(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] UtcTime time(int column) const;
  [[nodiscard]] bool is_null(int column) const;

  /// The plain result code of the last `step` or `run`; for a constraint that the caller expects.
  [[nodiscard]] bool hit_constraint() const { return hit_constraint_; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  bool hit_constraint_ = false;
};

/// Resets a statement at the end of a scope, so that no early return keeps a read transaction open.
class ResetGuard {
 public:
  explicit ResetGuard(Statement& statement) : statement_(statement) {}
  ResetGuard(const ResetGuard&) = delete;
  ResetGuard& operator=(const ResetGuard&) = delete;
  ~ResetGuard() { statement_.reset(); }

 private:
  Statement& statement_;
};

/// One connection, used by one thread at a time.
class Database {
 public:
  /// Opens an existing file and proves that the key fits by reading its schema. The page cache
  /// holds up to `cache_bytes`.
  [[nodiscard]] static Result<Database> open(const std::filesystem::path& file,
                                             const SecretBytes& key, std::size_t cache_bytes);

  /// Makes a second database reachable under `name` on this connection.
  [[nodiscard]] Result<void> attach(const std::filesystem::path& file, std::string_view name,
                                    const SecretBytes& key, std::size_t cache_bytes);

  [[nodiscard]] Result<void> execute(const char* sql);
  [[nodiscard]] Result<Statement> prepare(const char* sql);
  [[nodiscard]] Result<std::int64_t> integer(const char* sql);
  [[nodiscard]] Result<std::string> text(const char* sql);

  /// Counts, from now on, the pages that the write-ahead log held after the last commit.
  void watch_log();
  [[nodiscard]] int log_pages() const { return log_pages_ == nullptr ? 0 : *log_pages_; }
  /// Folds the log back into the database, as far as readers let it.
  [[nodiscard]] Result<void> checkpoint();

  /// Rows that the last INSERT, UPDATE or DELETE changed.
  [[nodiscard]] int changes() const;
  /// True between BEGIN and COMMIT or ROLLBACK, also when SQLite rolled back by itself.
  [[nodiscard]] bool in_transaction() const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}
  std::unique_ptr<int> log_pages_;  // written by the hook of the connection, which it outlives
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace fieldgate::store::sqlcipher
