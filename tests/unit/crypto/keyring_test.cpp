#include <fieldgate/crypto/keys.h>
#include <fieldgate/crypto/random.h>

#include "crypto/keys/keyring_file.h"
#include "tests/unit/crypto/test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <functional>
#include <set>

namespace fieldgate::crypto {
namespace {

using std::filesystem::perms;
using ::testing::HasSubstr;
using testing::SeededRandom;

constexpr ArgonCosts kCheap{8 * 1024, 1};
constexpr TenantKey kAll[] = {TenantKey::kEnc,       TenantKey::kIdx,        TenantKey::kPsn,
                              TenantKey::kAudit,     TenantKey::kProfilesDb, TenantKey::kKeysDb,
                              TenantKey::kLogSigning};

class KeyringTest : public ::testing::Test {
 protected:
  KeyringTest() { testing::write_file(secret_path_, "a passphrase for tests\n"); }

  [[nodiscard]] RootSource source() const { return PassphraseFile{secret_path_}; }
  Keyring create() {
    auto made = Keyring::create(file_, source(), random_, kCheap);
    EXPECT_TRUE(made.has_value()) << (made.has_error() ? made.error().message : "");
    return std::move(*made);
  }
  [[nodiscard]] ErrorCode open_error() const {
    const auto opened = Keyring::open(file_, source());
    return opened.has_error() ? opened.error().code : static_cast<ErrorCode>(0xff);
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "keyring.json";
  std::filesystem::path secret_path_ = folder_.path() / "passphrase";
  SystemRandom random_;
};

TEST_F(KeyringTest, OpensWithTheSameKeys) {
  const Keyring made = create();
  const auto opened = Keyring::open(file_, source());
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->tenant(), made.tenant());
  std::set<std::string> keys;
  for (const TenantKey which : kAll) {
    EXPECT_TRUE(opened->tenant_key(which) == made.tenant_key(which));
    EXPECT_EQ(opened->version(which), KeyVersion{1});
    EXPECT_EQ(opened->tenant_key(which).size(), 32U);
    keys.insert(hex_encode(opened->tenant_key(which).reveal()));
  }
  EXPECT_EQ(keys.size(), std::size(kAll)) << "every key is its own";
}

TEST_F(KeyringTest, FileIsPrivateAndHoldsNoKey) {
  const Keyring made = create();
  struct stat status{};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  const std::string text = testing::read_file(file_);
  for (const TenantKey which : kAll) {
    const SecretBytes key = made.tenant_key(which);
    EXPECT_EQ(text.find(hex_encode(key.reveal())), std::string::npos);
    EXPECT_EQ(text.find(base64_encode(key.reveal())), std::string::npos);
  }
  EXPECT_EQ(text.find("passphrase for tests"), std::string::npos);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 2)
      << "no temporary file stays";
}

TEST_F(KeyringTest, TwoKeyringsShareNothing) {
  const Keyring first = create();
  file_ = folder_.path() / "other.json";
  const Keyring second = create();
  EXPECT_NE(first.tenant(), second.tenant());
  EXPECT_FALSE(first.tenant_key(TenantKey::kEnc) == second.tenant_key(TenantKey::kEnc));
}

TEST_F(KeyringTest, NeverOverwrites) {
  testing::write_file(file_, "something else");
  const auto made = Keyring::create(file_, source(), random_, kCheap);
  EXPECT_EQ(made.error().code, ErrorCode::kConflict);
  EXPECT_EQ(testing::read_file(file_), "something else");
  // Also when the file appears between the first look and the end.
  KeyringFile content;
  EXPECT_EQ(write_keyring_file(file_, content, random_).error().code, ErrorCode::kConflict);
  EXPECT_EQ(testing::read_file(file_), "something else");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 2);
}

TEST_F(KeyringTest, WrongSecretSaysSoAndChangesNothing) {
  create();
  const std::string before = testing::read_file(file_);
  testing::write_file(secret_path_, "another passphrase\n");
  const auto opened = Keyring::open(file_, source());
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(opened.error().detail_code, "wrong-root-secret");
  EXPECT_THAT(opened.error().message, HasSubstr(secret_path_.string()));
  EXPECT_THAT(opened.error().message, HasSubstr(file_.string()));
  EXPECT_THAT(opened.error().message, ::testing::Not(HasSubstr("another passphrase")));
  EXPECT_EQ(testing::read_file(file_), before);
}

TEST_F(KeyringTest, LineBreakIsNoPartOfAPassphrase) {
  create();
  testing::write_file(secret_path_, "a passphrase for tests");
  EXPECT_TRUE(Keyring::open(file_, source()).has_value());
  testing::write_file(secret_path_, "a passphrase for tests\r\n");
  EXPECT_TRUE(Keyring::open(file_, source()).has_value());
  testing::write_file(secret_path_, "a passphrase for tests \n");
  EXPECT_EQ(open_error(), ErrorCode::kUnauthenticated);
}

TEST_F(KeyringTest, DamageAtAnyByteIsFound) {
  const Keyring made = create();
  const std::string whole = testing::read_file(file_);
  std::size_t harmless = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x01);
    testing::write_file(file_, changed);
    const auto opened = Keyring::open(file_, source());
    if (opened.has_value()) {
      // Only white space may change without harm (a blank and `!` differ in this bit, so none).
      ++harmless;
      continue;
    }
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << at << ": " << opened.error().message;
    EXPECT_THAT(opened.error().message, HasSubstr(file_.string()));
  }
  EXPECT_EQ(harmless, 0U);
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {  // the last byte is a line break
    testing::write_file(file_, std::string_view(whole).substr(0, size));
    EXPECT_EQ(open_error(), ErrorCode::kCorrupt) << "cut to " << size;
  }
  std::cout << "damaged keyrings refused: " << 2 * whole.size() - 1 << '\n';
}

TEST_F(KeyringTest, MissingFileIsNotCorrupt) {
  EXPECT_EQ(open_error(), ErrorCode::kNotFound);
}

TEST_F(KeyringTest, OversizedFileIsRefused) {
  create();
  testing::write_file(file_, testing::read_file(file_) + std::string(kMaxKeyringFileBytes, ' '));
  EXPECT_EQ(open_error(), ErrorCode::kCorrupt);
}

// Rewrites a keyring as an attacker without the root secret could: with a fitting checksum.
TEST_F(KeyringTest, ForgedContentIsNotAccepted) {
  create();
  auto content = read_keyring_file(file_);
  ASSERT_TRUE(content.has_value());
  const auto write_changed = [&](const std::function<void(KeyringFile&)>& change) {
    KeyringFile copy = *content;
    change(copy);
    std::filesystem::remove(file_);
    EXPECT_TRUE(write_keyring_file(file_, copy, random_).has_value());
    return open_error();
  };
  EXPECT_EQ(write_changed([](KeyringFile&) {}), static_cast<ErrorCode>(0xff));
  EXPECT_EQ(write_changed([](KeyringFile& f) { std::swap(f.keys[0], f.keys[1]); }),
            ErrorCode::kUnauthenticated);
  EXPECT_EQ(write_changed([](KeyringFile& f) { f.tenant.bytes[0] ^= 1; }),
            ErrorCode::kUnauthenticated);
  EXPECT_EQ(write_changed([](KeyringFile& f) { f.keys[2].version.value = 2; }),
            ErrorCode::kUnauthenticated);
  EXPECT_EQ(write_changed([](KeyringFile& f) { f.costs.passes = 2; }), ErrorCode::kUnauthenticated);
}

TEST_F(KeyringTest, CostsAreCappedBeforeAnyWork) {
  create();
  auto content = read_keyring_file(file_);
  const auto open_with = [&](std::uint64_t memory, std::uint32_t passes) {
    KeyringFile copy = *content;
    copy.costs = {memory, passes};
    std::filesystem::remove(file_);
    EXPECT_TRUE(write_keyring_file(file_, copy, random_).has_value());
    std::filesystem::remove(secret_path_);  // were the secret asked for, the error would differ
    const ErrorCode code = open_error();
    testing::write_file(secret_path_, "a passphrase for tests\n");
    return code;
  };
  EXPECT_EQ(open_with(kMaxArgonMemoryBytes + 1, 1), ErrorCode::kTooLarge);
  EXPECT_EQ(open_with(8 * 1024, kMaxArgonPasses + 1), ErrorCode::kTooLarge);
  EXPECT_EQ(open_with(8 * 1024 - 1, 1), ErrorCode::kInvalid);
  EXPECT_EQ(open_with(8 * 1024, kMaxArgonPasses), ErrorCode::kUnavailable) << "asks for the secret";
  EXPECT_EQ(open_with(kMaxArgonMemoryBytes, 1), ErrorCode::kUnavailable) << "asks for the secret";
  EXPECT_EQ(Keyring::create(folder_.path() / "new.json", source(), random_,
                            ArgonCosts{kMaxArgonMemoryBytes + 1, 1})
                .error()
                .code,
            ErrorCode::kTooLarge);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "new.json"));
}

TEST_F(KeyringTest, DefaultCostsAreThoseOfTheContract) {
  ASSERT_TRUE(Keyring::create(file_, source(), random_).has_value());
  const auto content = read_keyring_file(file_);
  EXPECT_EQ(content->costs.memory_bytes, 64U * 1024 * 1024);
  EXPECT_EQ(content->costs.passes, 3U);
  EXPECT_TRUE(Keyring::open(file_, source()).has_value());
}

TEST_F(KeyringTest, PassphraseFileMustBePrivate) {
  create();
  for (const perms open : {perms::group_read, perms::group_write, perms::others_read,
                           perms::others_write, perms::others_exec}) {
    std::filesystem::permissions(secret_path_, perms::owner_read | open);
    const auto opened = Keyring::open(file_, source());
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().code, ErrorCode::kForbidden);
    EXPECT_THAT(opened.error().message, HasSubstr("chmod 600"));
  }
  std::filesystem::permissions(secret_path_, perms::owner_read);
  EXPECT_TRUE(Keyring::open(file_, source()).has_value());
}

TEST_F(KeyringTest, PassphraseFileMustBeOurs) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "skipped: only root can give a file away";
  }
  create();
  ASSERT_EQ(::chown(secret_path_.c_str(), 12345, 12345), 0);
  EXPECT_EQ(open_error(), ErrorCode::kForbidden);
}

TEST_F(KeyringTest, PassphraseLimits) {
  const auto code = [&](const std::string& text) {
    testing::write_file(secret_path_, text);
    const auto made = Keyring::create(file_, source(), random_, kCheap);
    std::filesystem::remove(file_);
    return made.has_error() ? made.error().code : static_cast<ErrorCode>(0xff);
  };
  EXPECT_EQ(code(""), ErrorCode::kInvalid);
  EXPECT_EQ(code("\n"), ErrorCode::kInvalid);
  EXPECT_EQ(code("1234567\n"), ErrorCode::kInvalid);
  EXPECT_EQ(code("12345678\n"), static_cast<ErrorCode>(0xff));
  EXPECT_EQ(code(std::string(kMaxRootSecretBytes, 'p') + "\r\n"), static_cast<ErrorCode>(0xff));
  EXPECT_EQ(code(std::string(kMaxRootSecretBytes + 1, 'p')), ErrorCode::kInvalid);
}

TEST_F(KeyringTest, SecretMustBeAPlainFile) {
  std::filesystem::remove(secret_path_);
  EXPECT_EQ(Keyring::create(file_, source(), random_, kCheap).error().code,
            ErrorCode::kUnavailable);
  ASSERT_EQ(::mkfifo(secret_path_.c_str(), 0600), 0);
  EXPECT_EQ(Keyring::create(file_, source(), random_, kCheap).error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(KeyringTest, SystemdCredential) {
  const auto code = [&](const std::string& name) {
    const auto made = Keyring::create(file_, SystemdCredential{name}, random_, kCheap);
    std::filesystem::remove(file_);
    return made.has_error() ? made.error().code : static_cast<ErrorCode>(0xff);
  };
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(code("root"), ErrorCode::kInvalid);
  ::setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1);
  const auto path = folder_.path() / "root";
  EXPECT_EQ(code("root"), ErrorCode::kUnavailable);
  testing::write_file(path, std::string(31, '\x01'), perms::owner_read);
  EXPECT_EQ(code("root"), ErrorCode::kInvalid);
  testing::write_file(path, std::string(31, '\x01') + '\n', perms::owner_read);
  EXPECT_EQ(code("root"), static_cast<ErrorCode>(0xff)) << "a line break in a credential counts";
  EXPECT_EQ(code("../root"), ErrorCode::kInvalid);
  EXPECT_EQ(code(".."), ErrorCode::kInvalid);
  EXPECT_EQ(code(""), ErrorCode::kInvalid);
  std::filesystem::permissions(path, perms::owner_read | perms::group_read);
  EXPECT_EQ(code("root"), static_cast<ErrorCode>(0xff)) << "the mask of systemd's access list";
  std::filesystem::permissions(path, perms::owner_read | perms::others_read);
  EXPECT_EQ(code("root"), ErrorCode::kForbidden);
  std::filesystem::permissions(path, perms::owner_read | perms::group_write);
  EXPECT_EQ(code("root"), ErrorCode::kForbidden);
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(KeyringTest, SubjectKeysRoundTrip) {
  const Keyring keyring = create();
  SubjectId subject;
  random_.fill(subject.bytes);
  const SubjectKey key = keyring.make_subject_key(random_, KeyVersion{4});
  const Bytes wrapped = keyring.wrap_subject_key(subject, key, random_);
  const auto again = Keyring::open(file_, source());
  const auto unwrapped = again->unwrap_subject_key(subject, wrapped);
  ASSERT_TRUE(unwrapped.has_value());
  EXPECT_EQ(unwrapped->key.reveal(), key.key.reveal());
  EXPECT_EQ(unwrapped->version, KeyVersion{4});
  EXPECT_EQ(keyring.make_subject_key(random_).version, KeyVersion{1});
  EXPECT_NE(keyring.make_subject_key(random_).key.reveal(), key.key.reveal());
  EXPECT_NE(keyring.wrap_subject_key(subject, key, random_), wrapped) << "a fresh nonce each time";
}

TEST_F(KeyringTest, WrappedKeysOpenNowhereElse) {
  const Keyring keyring = create();
  SubjectId subject;
  random_.fill(subject.bytes);
  const Bytes wrapped =
      keyring.wrap_subject_key(subject, keyring.make_subject_key(random_), random_);
  SubjectId other = subject;
  other.bytes[0] ^= 1;
  EXPECT_EQ(keyring.unwrap_subject_key(other, wrapped).error().code, ErrorCode::kCorrupt);
  for (std::size_t at = 0; at < wrapped.size(); ++at) {
    Bytes changed = wrapped;
    changed[at] ^= 0x10;
    EXPECT_EQ(keyring.unwrap_subject_key(subject, changed).error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(keyring.unwrap_subject_key(subject, ByteView(wrapped).first(at)).error().code,
              ErrorCode::kCorrupt);
  }
  file_ = folder_.path() / "other.json";
  const Keyring another = create();
  EXPECT_EQ(another.unwrap_subject_key(subject, wrapped).error().code, ErrorCode::kCorrupt);
}

// A sealed field under the `enc` key must not pass for a wrapped key, nor the other way round.
TEST_F(KeyringTest, AFieldIsNoWrappedKey) {
  const Keyring keyring = create();
  SubjectId subject;
  SubjectKey enc;
  const SecretBytes raw = keyring.tenant_key(TenantKey::kEnc);
  std::copy(raw.reveal().begin(), raw.reveal().end(), enc.key.reveal_mutable().begin());
  enc.version = KeyVersion{1};
  FieldContext context;
  context.tenant = keyring.tenant();
  context.subject = subject;
  context.field = "f";
  const auto sealed = seal_field(enc, context, Bytes(36, 1), random_);
  EXPECT_TRUE(keyring.unwrap_subject_key(subject, *sealed).has_error());
}

TEST_F(KeyringTest, MovesKeepTheKeys) {
  Keyring first = create();
  const SecretBytes key = first.tenant_key(TenantKey::kIdx);
  Keyring second = std::move(first);
  EXPECT_TRUE(second.tenant_key(TenantKey::kIdx) == key);
}

// Sanitizers turn mlock into nothing, and the keyring then says so rightly.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLocksMemory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kLocksMemory = false;
#else
constexpr bool kLocksMemory = true;
#endif
#else
constexpr bool kLocksMemory = true;
#endif

TEST_F(KeyringTest, SaysThatItsMemoryIsLocked) {
  rlimit limits{};
  ::getrlimit(RLIMIT_MEMLOCK, &limits);
  if (::geteuid() != 0 && limits.rlim_cur < 1024 * 1024) {
    GTEST_SKIP() << "skipped: the memlock limit here is too low";
  }
  EXPECT_EQ(create().memory_locked(), kLocksMemory);
}

TEST_F(KeyringTest, SaysWhenItsMemoryIsNotLocked) {
  create();
  const pid_t child = ::fork();  // a child, because a limit cannot be raised again
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    const rlimit none{0, 0};
    bool ready = ::setrlimit(RLIMIT_MEMLOCK, &none) == 0;
    if (::geteuid() == 0) {  // root may lock whatever the limit says
      for (const auto& path : {folder_.path(), file_, secret_path_}) {
        ready = ready && ::chown(path.c_str(), kNobody, kNobody) == 0;
      }
      ready = ready && ::setuid(kNobody) == 0;
    }
    const auto opened = Keyring::open(file_, source());
    ::_exit(!ready || opened.has_error() ? 2 : opened->memory_locked() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

}  // namespace
}  // namespace fieldgate::crypto
