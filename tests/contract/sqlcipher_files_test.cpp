// The SQLCipher adapter's files: keys, damage, versions, full and read-only disks, nothing in
// clear.
#include <fcntl.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>

#include "gateway/store/sqlcipher/database.h"
#include "gateway/store/sqlcipher/schema.h"
#include "tests/contract/store_fixture.h"

namespace fieldgate::store::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPageBytes = 4096;

class SqlcipherFiles : public ::testing::Test {
 protected:
  fs::path file(const char* name) const { return folder_.path() / name; }
  fs::path profiles() const { return file(sqlcipher::kProfilesFile); }
  fs::path keys() const { return file(sqlcipher::kKeysFile); }

  /// A store with some people, closed.
  void make_store(std::uint64_t people = 40) {
    auto store = open_sqlcipher(folder_.path());
    ASSERT_NE(store, nullptr);
    ASSERT_OK(write(*store, [people](Transaction& t) -> Result<void> {
      for (std::uint64_t i = 0; i < people; ++i) {
        ProfileWrite person = new_person(i);
        person.fields.push_back(field(2, std::string(800, 'x')));
        FIELDGATE_CHECK_OK(t.put(person));
      }
      return ok();
    }));
  }
  Error refusal(const SqlcipherOptions& options) {
    auto opened = open_sqlcipher_store(options);
    EXPECT_TRUE(opened.has_error());
    return opened.has_error() ? opened.error() : Error{};
  }
  Error refusal() { return refusal(test_options(folder_.path())); }

  static void flip(const fs::path& path, std::size_t offset) {
    std::fstream f(path, std::ios::in | std::ios::out | std::ios::binary);
    f.seekg(static_cast<std::streamoff>(offset));
    const int byte = f.get();
    f.seekp(static_cast<std::streamoff>(offset));
    f.put(static_cast<char>(byte ^ 1));
    ASSERT_TRUE(f.good());
  }

  TemporaryFolder folder_;
};

TEST_F(SqlcipherFiles, AreThereOnlyWhenAskedFor) {
  SqlcipherOptions options = test_options(folder_.path() / "new");
  options.create = false;
  EXPECT_EQ(refusal(options).code, ErrorCode::kNotFound);
  options.directory = folder_.path();
  EXPECT_EQ(refusal(options).code, ErrorCode::kNotFound);
  EXPECT_TRUE(fs::is_empty(folder_.path()));
  options.directory = folder_.path() / "new";
  options.create = true;
  ASSERT_OK(open_sqlcipher_store(options));
  options.create = false;
  ASSERT_OK(open_sqlcipher_store(options));
}

TEST_F(SqlcipherFiles, AreForTheirOwnerOnly) {
  SqlcipherOptions options = test_options(folder_.path() / "new");
  auto store = value_of(open_sqlcipher_store(options));
  ASSERT_OK(put(*store, new_person(1)));
  const auto mode = [](const fs::path& path) {
    return static_cast<int>(fs::status(path).permissions()) & 0777;
  };
  EXPECT_EQ(mode(options.directory), 0700);
  int files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(options.directory)) {
    EXPECT_EQ(mode(entry.path()), 0600) << entry.path().filename();
    ++files;
  }
  EXPECT_EQ(files, 6);  // two databases with log and index each
}

TEST_F(SqlcipherFiles, RefuseAnotherKeyAndAKeyOfAnotherLength) {
  make_store();
  SqlcipherOptions options = test_options(folder_.path());
  options.profiles_key = test_key(0x33);
  Error error = refusal(options);
  EXPECT_EQ(error.code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(error.detail_code, "wrong-key");
  EXPECT_NE(error.message.find("`profiles.db`"), std::string::npos) << error.message;

  options = test_options(folder_.path());
  options.keys_key = test_key(0x33);
  error = refusal(options);
  EXPECT_EQ(error.detail_code, "wrong-key");
  EXPECT_NE(error.message.find("`keys.db`"), std::string::npos) << error.message;

  for (const std::size_t size : {std::size_t{0}, kDatabaseKeyBytes - 1, kDatabaseKeyBytes + 1}) {
    options = test_options(folder_.path());
    options.profiles_key = SecretBytes(size);
    EXPECT_EQ(refusal(options).code, ErrorCode::kInvalid);
  }
  EXPECT_OK(open_sqlcipher_store(test_options(folder_.path())));
}

TEST_F(SqlcipherFiles, ADamagedFirstPageOrAFileOfSqlcipher4SaysSo) {
  make_store();
  flip(profiles(), 100);
  const Error error = refusal();
  EXPECT_EQ(error.code, ErrorCode::kUnauthenticated);
  EXPECT_NE(error.message.find("damaged first page"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("SQLCipher 4"), std::string::npos) << error.message;
}

TEST_F(SqlcipherFiles, DamageInAnyOtherPageIsNeverReadAsData) {
  constexpr std::uint64_t kPeople = 40;
  make_store(kPeople);
  const std::size_t pages = fs::file_size(profiles()) / kPageBytes;
  ASSERT_GT(pages, 15U);
  std::size_t found_damage = 0;
  for (std::size_t page = 1; page < pages; ++page) {
    const std::size_t offset = page * kPageBytes + 1 + (page * 997) % (kPageBytes - 2);
    flip(profiles(), offset);
    bool damaged = false;
    auto opened = open_sqlcipher_store(test_options(folder_.path()));
    if (opened.has_error()) {
      damaged = opened.error().code == ErrorCode::kCorrupt;
      EXPECT_TRUE(damaged) << opened.error().message;
    } else {
      auto reader = value_of((*opened)->reader());
      for (std::uint64_t i = 0; i < kPeople; ++i) {
        for (const bool by_link : {true, false}) {
          Result<ProfilePtr> read =
              by_link ? reader->find(IdentifierType::kEmail, blind(i)) : reader->load(subject(i));
          if (read.has_error()) {
            EXPECT_EQ(read.error().code, ErrorCode::kCorrupt) << read.error().message;
            damaged = true;
          } else {
            ASSERT_NE(*read, nullptr);
            EXPECT_EQ(as_text((*read)->wrapped_key()), "key-" + std::to_string(i));
          }
        }
      }
    }
    found_damage += damaged ? 1 : 0;
    flip(profiles(), offset);
  }
  // The other pages hold empty tables and indexes that these reads never touch.
  EXPECT_GT(found_damage, pages / 2);
  RecordProperty("pages", std::to_string(pages));
  ASSERT_OK(open_sqlcipher_store(test_options(folder_.path())));
}

TEST_F(SqlcipherFiles, ATruncatedFileIsDamage) {
  make_store();
  fs::resize_file(profiles(), 3 * kPageBytes);
  auto opened = open_sqlcipher_store(test_options(folder_.path()));
  if (opened.has_error()) {
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << opened.error().message;
    return;
  }
  auto reader = value_of((*opened)->reader());
  EXPECT_ERROR(ErrorCode::kCorrupt, reader->load(subject(30)));
}

TEST_F(SqlcipherFiles, APlainSqliteFileIsRefused) {
  make_store();
  std::ofstream(profiles(), std::ios::binary | std::ios::trunc)
      << "SQLite format 3" << std::string(kPageBytes, '\0');
  const Error error = refusal();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_EQ(error.detail_code, "not-encrypted");
}

TEST_F(SqlcipherFiles, OneOfTheTwoMissingIsNotMadeAnew) {
  make_store();
  fs::rename(keys(), file("aside"));
  EXPECT_EQ(refusal().detail_code, "database-missing");
  EXPECT_FALSE(fs::exists(keys()));
  fs::rename(file("aside"), keys());
  fs::rename(profiles(), file("aside"));
  EXPECT_EQ(refusal().detail_code, "database-missing");
  fs::rename(file("aside"), profiles());
  EXPECT_OK(open_sqlcipher_store(test_options(folder_.path())));
}

TEST_F(SqlcipherFiles, ACrashWhileTheStoreWasMadeIsFinishedByTheNextStart) {
  {
    ASSERT_NE(open_sqlcipher(folder_.path()), nullptr);
  }
  fs::remove(profiles());
  std::ofstream(profiles()).flush();  // made, and nothing written yet
  auto store = open_sqlcipher(folder_.path());
  ASSERT_NE(store, nullptr);
  EXPECT_OK(put(*store, new_person(1)));
}

TEST_F(SqlcipherFiles, TheTwoCannotBeExchanged) {
  SqlcipherOptions options = test_options(folder_.path());
  options.keys_key = test_key(0x11);
  {
    ASSERT_OK(open_sqlcipher_store(options));
  }
  fs::rename(keys(), file("aside"));
  fs::rename(profiles(), keys());
  fs::rename(file("aside"), profiles());
  const Error error = refusal(options);
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_EQ(error.detail_code, "other-database");
}

TEST_F(SqlcipherFiles, KeysOfAnotherStoreAreNotUsed) {
  make_store(2);
  TemporaryFolder other;
  {
    auto store = open_sqlcipher(other.path());
    ASSERT_OK(put(*store, new_person(77)));
  }
  fs::copy_file(other.path() / sqlcipher::kKeysFile, keys(), fs::copy_options::overwrite_existing);
  auto store = open_sqlcipher(folder_.path());
  ASSERT_NE(store, nullptr);
  auto reader = value_of(store->reader());
  EXPECT_ERROR(ErrorCode::kCorrupt, reader->load(subject(0)));
  auto transaction = value_of(store->begin());
  EXPECT_ERROR(ErrorCode::kCorrupt, transaction->load(subject(0)));
  // The second person has no key there: as if it were destroyed, so nothing can be opened.
  const ProfilePtr keyless = value_of(reader->load(subject(1)));
  ASSERT_NE(keyless, nullptr);
  EXPECT_TRUE(keyless->wrapped_key().empty());
}

TEST_F(SqlcipherFiles, AKeyThatACrashLeftWithoutItsPersonIsNeverGivenToAnother) {
  make_store(2);
  {
    auto database = value_of(sqlcipher::Database::open(keys(), test_key(0x22), 1 << 20));
    ASSERT_OK(database.execute("INSERT INTO subject_keys VALUES(3, x'00', x'deadbeef')"));
  }
  auto store = open_sqlcipher(folder_.path());
  ASSERT_OK(put(*store, new_person(9)));
  auto reader = value_of(store->reader());
  EXPECT_EQ(as_text(value_of(reader->load(subject(9)))->wrapped_key()), "key-9");
}

TEST_F(SqlcipherFiles, AnotherSchemaVersionIsRefusedUntouched) {
  make_store();
  struct Case {
    fs::path file;
    Byte key;
    const char* version;
    ErrorCode code;
  };
  for (const Case& c : {Case{profiles(), 0x11, "2", ErrorCode::kConflict},
                        Case{keys(), 0x22, "2", ErrorCode::kConflict},
                        Case{profiles(), 0x11, "0", ErrorCode::kCorrupt}}) {
    const auto set_version = [&c](const std::string& version) {
      auto database = value_of(sqlcipher::Database::open(c.file, test_key(c.key), 1 << 20));
      ASSERT_OK(database.execute(("PRAGMA user_version=" + version).c_str()));
    };
    set_version(c.version);
    const Error error = refusal();
    EXPECT_EQ(error.code, c.code) << error.message;
    if (c.code == ErrorCode::kConflict) {
      EXPECT_EQ(error.detail_code, "schema-newer");
      EXPECT_NE(error.message.find("newer release (schema 2"), std::string::npos) << error.message;
    }
    set_version("1");
    ASSERT_OK(open_sqlcipher_store(test_options(folder_.path())));
  }
}

TEST_F(SqlcipherFiles, AReadOnlyFolderIsRefusedWithClearWords) {
  make_store();
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0555), 0);
  // The superuser may write anywhere, so this thread gives its file rights away for a moment.
  const bool superuser = ::geteuid() == 0;
  if (superuser) {
    for (const char* name : {sqlcipher::kProfilesFile, sqlcipher::kKeysFile}) {
      ASSERT_EQ(::chmod(file(name).c_str(), 0644), 0);
    }
    ::setfsuid(65534);
  }
  auto opened = open_sqlcipher_store(test_options(folder_.path()));
  if (superuser) {
    ::setfsuid(0);
  }
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(opened.error().detail_code, "read-only");
  EXPECT_NE(opened.error().message.find("cannot be written"), std::string::npos)
      << opened.error().message;
}

/// Runs `work` in a process of its own with a file system of 1 MiB at `folder`; its exit status, or
/// nothing where that is not allowed.
template <class Work>
std::optional<int> with_small_disk(const fs::path& folder, Work&& work) {
  constexpr int kNotAllowed = 77;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m") != 0) {
      ::_exit(kNotAllowed);
    }
    ::_exit(work());
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
    return -1;
  }
  return WEXITSTATUS(status) == kNotAllowed ? std::nullopt : std::optional(WEXITSTATUS(status));
}

TEST_F(SqlcipherFiles, AFullDiskLosesOnlyTheTransactionThatMetIt) {
  const fs::path folder = folder_.path();
  const std::optional<int> status = with_small_disk(folder, [&folder]() -> int {
    auto store = open_sqlcipher(folder);
    if (store == nullptr || put(*store, new_person(1)).has_error()) {
      return 1;
    }
    {
      std::ofstream(folder / "ballast") << std::string(500'000, 'b');
    }
    ProfileWrite big = new_person(2);
    big.fields.push_back(field(2, std::string(600'000, 'x')));
    const Result<void> refused = put(*store, big);
    if (!refused.has_error() || refused.error().code != ErrorCode::kUnavailable ||
        refused.error().detail_code != "disk-full") {
      return 2;
    }
    auto reader = value_of(store->reader());
    if (value_of(reader->load(subject(1))) == nullptr ||
        value_of(reader->load(subject(2))) != nullptr) {
      return 3;
    }
    fs::remove(folder / "ballast");
    if (put(*store, new_person(3)).has_error() ||
        value_of(reader->find(IdentifierType::kEmail, blind(3))) == nullptr) {
      return 4;
    }
    return 0;
  });
  if (!status.has_value()) {
    GTEST_SKIP() << "skipped: a small file system cannot be mounted here";
  }
  EXPECT_EQ(*status, 0);
}

TEST_F(SqlcipherFiles, IdleReadersDoNotLetTheLogGrow) {
  SqlcipherOptions options = test_options(folder_.path());
  options.checkpoint_pages = 64;
  auto store = value_of(open_sqlcipher_store(options));
  ASSERT_OK(put(*store, new_person(1)));
  auto idle = value_of(store->reader());
  auto busy = value_of(store->reader());
  ASSERT_NE(value_of(idle->load(subject(1))), nullptr);
  constexpr std::uint64_t kWrites = 100;
  for (std::uint64_t i = 1; i <= kWrites; ++i) {
    ProfileWrite change;
    change.subject = subject(1);
    change.fields = {field(2, std::string(50'000, 'x'), i)};
    ASSERT_OK(put(*store, change));
    ASSERT_EQ(value_of(busy->load(subject(1)))->fields()[1].value_version, i);
  }
  // A hundred writes of a dozen pages each would make a log of over 4 MB.
  EXPECT_LT(fs::file_size(file("profiles.db-wal")), 4 * 64 * kPageBytes);
  EXPECT_EQ(value_of(idle->load(subject(1)))->fields()[1].value_version, kWrites);
}

TEST_F(SqlcipherFiles, HoldNothingInClear) {
  constexpr std::string_view kMarker = "PLANTED-MARKER-4711";
  const auto marked = [kMarker](std::string_view what) {
    return std::string(kMarker) + std::string(what);
  };
  const auto scan = [&] {
    std::size_t scanned = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_.path())) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(in), {}};
      EXPECT_EQ(content.find(kMarker), std::string::npos) << entry.path().filename();
      EXPECT_EQ(content.find("CREATE TABLE"), std::string::npos) << entry.path().filename();
      scanned += content.size();
    }
    return scanned;
  };
  {
    auto store = open_sqlcipher(folder_.path());
    ASSERT_OK(store->names().intern(marked("name")));
    ASSERT_OK(write(*store, [&](Transaction& t) -> Result<void> {
      ProfileWrite person = new_person(1);
      person.wrapped_key = bytes(marked("key"));
      person.fields = {field(1, marked("field"))};
      person.facts = bytes(marked("facts"));
      IdentifierLink link = email(1);
      std::copy(kMarker.begin(), kMarker.end(), link.index.bytes.begin());
      person.add_links = {link};
      FIELDGATE_CHECK_OK(t.put(person));
      ConsentRecord record = consent(1, marked("record"), 3, policy::ConsentStatus::kGiven, 1);
      FIELDGATE_CHECK_OK(t.append_consent(record));
      return t.add_credential({marked("prefix"), {}, marked("app"), "", at(0), {}, {}});
    }));
    EXPECT_GT(scan(), 10 * kPageBytes);  // with the write-ahead logs
  }
  EXPECT_GT(scan(), 10 * kPageBytes);
}

}  // namespace
}  // namespace fieldgate::store::test
