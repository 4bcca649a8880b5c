// The linked SQLCipher against a database that its makers wrote.
#include <fieldgate/base/bytes.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string_view>

namespace {

namespace fs = std::filesystem;

/// The rows of table t1, or the result code of the first failure, negated.
std::int64_t rows_with(const fs::path& file, std::string_view passphrase) {
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(handle, sqlite3_close);
  sqlite3_stmt* prepared = nullptr;
  if (code == SQLITE_OK) {
    code = sqlite3_key_v2(handle, "main", passphrase.data(), static_cast<int>(passphrase.size()));
  }
  if (code == SQLITE_OK) {
    // Said, since the store's own page size may be this process's default by now.
    code = sqlite3_exec(handle, "PRAGMA cipher_page_size=1024", nullptr, nullptr, nullptr);
  }
  if (code == SQLITE_OK) {
    code = sqlite3_prepare_v2(handle, "SELECT count(*) FROM t1", -1, &prepared, nullptr);
  }
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> count(prepared, sqlite3_finalize);
  if (code == SQLITE_OK) {
    code = sqlite3_step(prepared);
  }
  return code == SQLITE_ROW ? sqlite3_column_int64(prepared, 0) : -code;
}

TEST(LinkedLibrary, ReadsADatabaseOfItsMakers) {
  const fs::path sample =
      fs::path(FIELDGATE_SHARED_DIR) / "vectors" / "crypto" / "sqlcipher-3.0-testkey.db";
  if (!fs::exists(sample)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  EXPECT_EQ(rows_with(sample, "testkey"), 78'536);
  EXPECT_EQ(rows_with(sample, "testkez"), -SQLITE_NOTADB);
}

}  // namespace
