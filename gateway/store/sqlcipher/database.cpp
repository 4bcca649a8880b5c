#include "gateway/store/sqlcipher/database.h"

#include <sqlite3.h>

#include <array>
#include <cstring>
#include <mutex>
#include <utility>

namespace fieldgate::store::sqlcipher {
namespace {

/// How long a reader waits for a lock that only recovery or a close holds.
constexpr int kBusyTimeoutMs = 5'000;

/// SQLCipher's notation of a raw key, x'<64 hex digits>': taken as it is, with no derivation.
SecretBytes raw_key_notation(const SecretBytes& key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  SecretBytes out(3 + 2 * key.size());
  const std::span<Byte> text = out.reveal_mutable();
  std::size_t at = 0;
  text[at++] = 'x';
  text[at++] = '\'';
  for (const Byte byte : key.reveal()) {
    text[at++] = static_cast<Byte>(kDigits[byte >> 4U]);
    text[at++] = static_cast<Byte>(kDigits[byte & 15U]);
  }
  text[at] = '\'';
  return out;
}

/// Statistics cost a process-wide lock on each allocation. Too late once SQLite is in use, and
/// then only slower, so the outcome does not matter.
void configure_library_once() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

Error error_of(int code) {
  const std::string what = sqlite3_errstr(code);  // generic words, never a value
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make_error(ErrorCode::kUnavailable, "the database is busy", "busy");
    case SQLITE_FULL:
      return make_error(ErrorCode::kUnavailable, "the disk is full", "disk-full");
    case SQLITE_READONLY:
      return make_error(ErrorCode::kUnavailable, "the database cannot be written: " + what,
                        "read-only");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return make_error(ErrorCode::kUnavailable, "the database cannot be opened: " + what,
                        "cannot-open");
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
        return make_error(ErrorCode::kUnavailable, "the disk failed to sync", "sync-failed");
      }
      return make_error(ErrorCode::kUnavailable, "the disk failed: " + what, "disk-error");
    case SQLITE_NOMEM:
      return make_error(ErrorCode::kUnavailable, "out of memory", "out-of-memory");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return make_error(ErrorCode::kCorrupt, "the database is damaged: " + what, "damaged");
    case SQLITE_ERROR:
      // Our statements are fixed and were prepared, so what is left is a page that SQLCipher
      // could not authenticate.
      return make_error(ErrorCode::kCorrupt, "a page of the database is damaged", "damaged");
    case SQLITE_CONSTRAINT:
      return make_error(ErrorCode::kConflict, "a stored value already exists", "constraint");
    default:
      return make_error(ErrorCode::kInternal, "the database refused: " + what, "database");
  }
}

Result<void> set_cache(Database& database, std::string_view schema, std::size_t bytes) {
  const std::string sql = "PRAGMA " + std::string(schema) + ".cache_size=-" +
                          std::to_string(bytes / 1024 + 1);  // negative: in KiB
  return database.execute(sql.c_str());
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::bind(int position, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), position, value);
}

void Statement::bind(int position, ByteView value) {
  // An empty view may be null, which would bind NULL in place of an empty value.
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  sqlite3_bind_blob64(statement_.get(), position, data, value.size(), nullptr);
}

void Statement::bind_text(int position, std::string_view value) {
  const char* data = value.empty() ? "" : value.data();
  sqlite3_bind_text64(statement_.get(), position, data, value.size(), nullptr, SQLITE_UTF8);
}

void Statement::bind_time(int position, UtcTime value) {
  sqlite3_bind_int64(statement_.get(), position, value.time_since_epoch().count());
}

void Statement::bind_null(int position) {
  sqlite3_bind_null(statement_.get(), position);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code == SQLITE_DONE) {
    return false;
  }
  hit_constraint_ = (code & 0xff) == SQLITE_CONSTRAINT;
  return error_of(sqlite3_extended_errcode(sqlite3_db_handle(statement_.get())));
}

Result<void> Statement::run() {
  hit_constraint_ = false;
  Result<bool> row = step();
  reset();
  if (row.has_error()) {
    return std::move(row).error();
  }
  return ok();
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

ByteView Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const Byte*>(data), static_cast<std::size_t>(size)};
}

std::string_view Statement::text(int column) const {
  return as_text(blob(column));
}

UtcTime Statement::time(int column) const {
  return UtcTime(std::chrono::microseconds(integer(column)));
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

Result<Database> Database::open(const std::filesystem::path& file, const SecretBytes& key,
                                std::size_t cache_bytes) {
  configure_library_once();
  sqlite3* handle = nullptr;
  const int opened =
      sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(handle);
  if (opened != SQLITE_OK) {
    return error_of(opened);
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  const SecretBytes notation = raw_key_notation(key);
  const int keyed =
      sqlite3_key_v2(handle, "main", notation.reveal().data(), static_cast<int>(notation.size()));
  if (keyed != SQLITE_OK) {
    return error_of(keyed);
  }
  // A plain SQLite would ignore the key and store everything in clear.
  FIELDGATE_TRY(const std::string version, database.text("PRAGMA cipher_version"));
  if (version.empty()) {
    return make_error(ErrorCode::kInternal, "the linked SQLite library cannot encrypt",
                      "no-cipher");
  }
  // Compatibility first: on SQLCipher 4 it resets the page size; 3.4.1 does not know it and goes
  // on.
  FIELDGATE_CHECK_OK(
      database.execute("PRAGMA cipher_compatibility=3;PRAGMA cipher_page_size=4096"));
  Result<std::int64_t> readable = database.integer("SELECT count(*) FROM sqlite_master");
  if (readable.has_error()) {
    if (sqlite3_errcode(handle) == SQLITE_NOTADB) {
      return make_error(ErrorCode::kUnauthenticated,
                        "the key does not open `" + file.filename().string() +
                            "`: another key, a damaged first page, or a file of SQLCipher 4",
                        "wrong-key");
    }
    return std::move(readable).error();
  }
  FIELDGATE_CHECK_OK(
      database.execute("PRAGMA foreign_keys=OFF;PRAGMA mmap_size=0;PRAGMA temp_store=MEMORY"));
  FIELDGATE_CHECK_OK(set_cache(database, "main", cache_bytes));
  return database;
}

Result<void> Database::attach(const std::filesystem::path& file, std::string_view name,
                              const SecretBytes& key, std::size_t cache_bytes) {
  // An attached database is read at once, so its page size can only come from the default. The
  // default is process-wide and always the same here.
  FIELDGATE_CHECK_OK(execute("PRAGMA cipher_default_page_size=4096"));
  FIELDGATE_TRY(Statement attaching, prepare("ATTACH ?1 AS ?2 KEY ?3"));
  const SecretBytes notation = raw_key_notation(key);
  attaching.bind_text(1, file.native());
  attaching.bind_text(2, name);
  attaching.bind_text(3, notation.reveal_text());
  FIELDGATE_CHECK_OK(attaching.run());
  return set_cache(*this, name, cache_bytes);
}

Result<void> Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    return error_of(sqlite3_extended_errcode(handle_.get()));
  }
  return ok();
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql, -1, &statement, nullptr);
  if (code != SQLITE_OK) {
    return error_of(code);
  }
  return Statement(statement);
}

Result<std::int64_t> Database::integer(const char* sql) {
  FIELDGATE_TRY(Statement statement, prepare(sql));
  FIELDGATE_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

Result<std::string> Database::text(const char* sql) {
  FIELDGATE_TRY(Statement statement, prepare(sql));
  FIELDGATE_TRY(const bool row, statement.step());
  return row ? std::string(statement.text(0)) : std::string();
}

void Database::watch_log() {
  log_pages_ = std::make_unique<int>(0);
  const auto remember = [](void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_.get(), remember, log_pages_.get());
}

Result<void> Database::checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(handle_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
    return error_of(sqlite3_extended_errcode(handle_.get()));
  }
  return ok();
}

int Database::changes() const {
  return sqlite3_changes(handle_.get());
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

}  // namespace fieldgate::store::sqlcipher
