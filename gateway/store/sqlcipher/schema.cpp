#include "gateway/store/sqlcipher/schema.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace fieldgate::store::sqlcipher {
namespace {

namespace fs = std::filesystem;

constexpr int kFileMode = 0600;

struct Kind {
  const char* file;
  std::int64_t application_id;  ///< tells the two apart should their keys be the same
  const char* tables;
};

// `links` holds what leads to one person, `shared_links` what may lead to several: the first is
// unique by itself, so an insert finds a conflict without a look-up. Rowids are given out in order,
// so people who arrived together lie together.
constexpr Kind kProfiles{kProfilesFile, 0x46477072, R"sql(
CREATE TABLE names(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE subjects(id INTEGER PRIMARY KEY, subject BLOB NOT NULL UNIQUE, state BLOB NOT NULL);
CREATE TABLE links(
  value BLOB NOT NULL, type INTEGER NOT NULL, person INTEGER NOT NULL, profile INTEGER NOT NULL,
  PRIMARY KEY(value, type)) WITHOUT ROWID;
CREATE TABLE shared_links(
  value BLOB NOT NULL, type INTEGER NOT NULL, person INTEGER NOT NULL, profile INTEGER NOT NULL,
  PRIMARY KEY(value, type, person)) WITHOUT ROWID;
CREATE TABLE consents(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, person INTEGER NOT NULL,
  purpose INTEGER NOT NULL, status INTEGER NOT NULL, level INTEGER NOT NULL,
  text_version INTEGER NOT NULL, language INTEGER NOT NULL, notice BLOB NOT NULL,
  method INTEGER NOT NULL, app INTEGER NOT NULL, is_explicit INTEGER NOT NULL,
  by_guardian INTEGER NOT NULL, collected_at INTEGER NOT NULL, received_at INTEGER NOT NULL,
  in_force INTEGER NOT NULL);
CREATE INDEX consents_of_person ON consents(person);
CREATE TABLE objections(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, person INTEGER NOT NULL,
  purpose INTEGER NOT NULL, status INTEGER NOT NULL, app INTEGER NOT NULL,
  collected_at INTEGER NOT NULL, received_at INTEGER NOT NULL);
CREATE INDEX objections_of_person ON objections(person);
CREATE TABLE restrictions(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, person INTEGER NOT NULL,
  raised INTEGER NOT NULL, app INTEGER NOT NULL,
  collected_at INTEGER NOT NULL, received_at INTEGER NOT NULL);
CREATE INDEX restrictions_of_person ON restrictions(person);
)sql"};

constexpr Kind kKeys{kKeysFile, 0x46476b65, R"sql(
CREATE TABLE subject_keys(id INTEGER PRIMARY KEY, subject BLOB NOT NULL, wrapped BLOB NOT NULL);
CREATE TABLE credentials(
  prefix TEXT PRIMARY KEY, hash BLOB NOT NULL, app TEXT NOT NULL, role TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER, revoked INTEGER) WITHOUT ROWID;
)sql"};

/// A file of no bytes is what a crash leaves between making the file and its first page.
bool present(const fs::path& file) {
  std::error_code ignored;
  const auto size = fs::file_size(file, ignored);
  return !ignored && size > 0;
}

Result<void> check_writable(const fs::path& directory) {
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0) {
    return ok();
  }
  if (errno == ENOENT || errno == ENOTDIR) {
    return make_error(ErrorCode::kNotFound,
                      "there is no data directory `" + directory.string() + "`", "no-directory");
  }
  return make_error(ErrorCode::kUnavailable,
                    "the data directory `" + directory.string() +
                        "` cannot be written: " + std::generic_category().message(errno),
                    "read-only");
}

Result<void> make_directory(const fs::path& directory) {
  std::error_code failed;
  if (fs::is_directory(directory, failed)) {
    return ok();
  }
  fs::create_directories(directory, failed);
  if (!failed) {
    fs::permissions(directory, fs::perms::owner_all, failed);
  }
  if (failed) {
    return make_error(
        ErrorCode::kUnavailable,
        "the data directory `" + directory.string() + "` cannot be made: " + failed.message(),
        "cannot-create");
  }
  return ok();
}

/// SQLite would make the file with the mode that the umask leaves; its companions copy the mode.
Result<void> make_file(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, kFileMode);
  if (descriptor < 0) {
    return make_error(ErrorCode::kUnavailable,
                      "`" + file.filename().string() +
                          "` cannot be made: " + std::generic_category().message(errno),
                      errno == ENOSPC ? "disk-full" : "cannot-create");
  }
  ::close(descriptor);
  return ok();
}

Result<void> refuse_plain_file(const fs::path& file) {
  constexpr std::string_view kPlainHeader = "SQLite format 3";
  std::array<char, kPlainHeader.size()> head{};
  std::ifstream in(file, std::ios::binary);
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (in && std::string_view(head.data(), head.size()) == kPlainHeader) {
    return make_error(ErrorCode::kCorrupt,
                      "`" + file.filename().string() + "` is a plain SQLite file, not encrypted",
                      "not-encrypted");
  }
  return ok();
}

Error in_file(Error error, const char* file) {
  error.message = "`" + std::string(file) + "`: " + error.message;
  return error;
}

Result<void> create_schema(Database& database, const Kind& kind) {
  const std::string sql = std::string("BEGIN IMMEDIATE;") + kind.tables +
                          "PRAGMA application_id=" + std::to_string(kind.application_id) +
                          ";PRAGMA user_version=" + std::to_string(kSchemaVersion) + ";COMMIT";
  return database.execute(sql.c_str());
}

Result<void> check_schema(Database& database, const Kind& kind) {
  FIELDGATE_TRY(const std::int64_t application, database.integer("PRAGMA application_id"));
  FIELDGATE_TRY(const std::int64_t version, database.integer("PRAGMA user_version"));
  if (application != kind.application_id || version < 1) {
    return make_error(ErrorCode::kCorrupt, "not this database of a fieldgate store",
                      "other-database");
  }
  if (version > kSchemaVersion) {
    return make_error(ErrorCode::kConflict,
                      "written by a newer release (schema " + std::to_string(version) +
                          ", this release reads up to " + std::to_string(kSchemaVersion) + ")",
                      "schema-newer");
  }
  return ok();
}

Result<Database> open_for_writing(const fs::path& file, const Kind& kind, const SecretBytes& key,
                                  std::size_t cache_bytes, int checkpoint_pages) {
  FIELDGATE_CHECK_OK(refuse_plain_file(file));
  FIELDGATE_TRY(Database database, Database::open(file, key, cache_bytes));
  FIELDGATE_TRY(const std::string journal, database.text("PRAGMA journal_mode=WAL"));
  if (journal != "wal") {
    return make_error(ErrorCode::kUnavailable, "the file system cannot hold a write-ahead log",
                      "no-wal");
  }
  // SQLite would hide a sync that failed in a checkpoint of its own; the writer makes them.
  const std::string settings =
      "PRAGMA synchronous=FULL;PRAGMA secure_delete=ON;PRAGMA wal_autocheckpoint=0;"
      "PRAGMA journal_size_limit=" +
      std::to_string(std::int64_t{checkpoint_pages} * 4096);
  FIELDGATE_CHECK_OK(database.execute(settings.c_str()));
  database.watch_log();
  FIELDGATE_TRY(const std::int64_t tables, database.integer("SELECT count(*) FROM sqlite_master"));
  FIELDGATE_TRY(const std::int64_t version, database.integer("PRAGMA user_version"));
  if (tables == 0 && version == 0) {
    FIELDGATE_CHECK_OK(create_schema(database, kind));
  }
  FIELDGATE_CHECK_OK(check_schema(database, kind));
  return database;
}

Result<Database> open_one(const SqlcipherOptions& options, const Kind& kind, const SecretBytes& key,
                          std::size_t cache_bytes) {
  const fs::path file = options.directory / kind.file;
  if (!present(file)) {
    FIELDGATE_CHECK_OK(make_file(file));
  }
  Result<Database> database =
      open_for_writing(file, kind, key, cache_bytes, options.checkpoint_pages);
  if (database.has_error()) {
    return in_file(std::move(database).error(), kind.file);
  }
  return database;
}

Error missing(const char* file, const char* other) {
  return make_error(ErrorCode::kCorrupt,
                    "`" + std::string(file) + "` is missing beside `" + std::string(other) + "`",
                    "database-missing");
}

}  // namespace

Result<Databases> open_databases(const SqlcipherOptions& options) {
  if (options.profiles_key.size() != kDatabaseKeyBytes ||
      options.keys_key.size() != kDatabaseKeyBytes) {
    return make_error(ErrorCode::kInvalid, "a database key must have 32 bytes", "bad-key");
  }
  if (options.create) {
    FIELDGATE_CHECK_OK(make_directory(options.directory));
  }
  FIELDGATE_CHECK_OK(check_writable(options.directory));
  const bool profiles_present = present(options.directory / kProfilesFile);
  const bool keys_present = present(options.directory / kKeysFile);
  if (!profiles_present && !keys_present && !options.create) {
    return make_error(ErrorCode::kNotFound,
                      "there is no store in `" + options.directory.string() + "`", "no-store");
  }
  // keys.db is made first and whole, so profiles.db alone was never a step of ours.
  if (profiles_present && !keys_present) {
    return missing(kKeysFile, kProfilesFile);
  }
  FIELDGATE_TRY(Database keys,
                open_one(options, kKeys, options.keys_key, options.writer_cache_bytes / 8));
  if (!profiles_present) {
    FIELDGATE_TRY(const std::int64_t people, keys.integer("SELECT count(*) FROM subject_keys"));
    if (people != 0 || !options.create) {
      return missing(kProfilesFile, kKeysFile);
    }
  }
  FIELDGATE_TRY(Database profiles,
                open_one(options, kProfiles, options.profiles_key, options.writer_cache_bytes));
  return Databases{std::move(profiles), std::move(keys)};
}

}  // namespace fieldgate::store::sqlcipher
