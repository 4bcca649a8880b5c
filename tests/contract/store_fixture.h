// The adapters that the contract suite runs against, and invented people for it.
#pragma once

#include <fieldgate/store/profile_store.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/store/hot_set.h"
#include "gateway/store/memory/memory_store.h"
#include "gateway/store/sqlcipher/sqlcipher_store.h"

namespace fieldgate::store::test {

/// Ends the test when the result is an error.
template <class T>
T value_of(Result<T> result) {
  if (result.has_error()) {
    throw std::runtime_error(result.error().message);
  }
  return std::move(*result);
}

#define EXPECT_OK(expression)                                                                 \
  do {                                                                                        \
    const auto expect_ok_result = (expression);                                               \
    EXPECT_TRUE(expect_ok_result.has_value())                                                 \
        << (expect_ok_result.has_error() ? expect_ok_result.error().message : std::string()); \
  } while (false)
#define ASSERT_OK(expression)                                                                 \
  do {                                                                                        \
    const auto assert_ok_result = (expression);                                               \
    ASSERT_TRUE(assert_ok_result.has_value())                                                 \
        << (assert_ok_result.has_error() ? assert_ok_result.error().message : std::string()); \
  } while (false)
#define EXPECT_ERROR(expected, expression)                                                        \
  do {                                                                                            \
    const auto expect_error_result = (expression);                                                \
    ASSERT_TRUE(expect_error_result.has_error());                                                 \
    EXPECT_EQ(expect_error_result.error().code, expected) << expect_error_result.error().message; \
  } while (false)

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "fieldgate-store-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline SecretBytes test_key(Byte fill) {
  return SecretBytes(ByteView(Bytes(kDatabaseKeyBytes, fill)));
}

inline SqlcipherOptions test_options(const std::filesystem::path& folder) {
  SqlcipherOptions options;
  options.directory = folder;
  options.profiles_key = test_key(0x11);
  options.keys_key = test_key(0x22);
  options.create = true;
  return options;
}

struct Backend {
  const char* name;
  bool durable;
  std::unique_ptr<ProfileStore> (*open)(const std::filesystem::path& folder);
};
inline void PrintTo(const Backend& backend, std::ostream* out) {
  *out << backend.name;
}

inline constexpr std::size_t kTestHotBytes = std::size_t{8} << 20U;

inline std::unique_ptr<ProfileStore> open_sqlcipher(const std::filesystem::path& folder) {
  return value_of(open_sqlcipher_store(test_options(folder)));
}

inline const Backend kBackends[] = {
    {"memory", false, [](const std::filesystem::path&) { return make_memory_store(); }},
    {"sqlcipher", true, open_sqlcipher},
    {"hot_memory", false,
     [](const std::filesystem::path&) -> std::unique_ptr<ProfileStore> {
       return make_hot_store(make_memory_store(), kTestHotBytes);
     }},
    {"hot_sqlcipher", true,
     [](const std::filesystem::path& folder) -> std::unique_ptr<ProfileStore> {
       return make_hot_store(open_sqlcipher(folder), kTestHotBytes);
     }},
    {"cold_sqlcipher", true,
     [](const std::filesystem::path& folder) -> std::unique_ptr<ProfileStore> {
       return make_hot_store(open_sqlcipher(folder), 0);
     }},
};

inline SubjectId subject(std::uint64_t number) {
  SubjectId id;
  store_be<8>(id.bytes.data(), number * 0x9e3779b97f4a7c15ULL);
  store_be<8>(id.bytes.data() + 8, number);
  return id;
}

inline BlindIndex blind(std::uint64_t number) {
  BlindIndex index;
  store_be<8>(index.bytes.data(), number * 0xbf58476d1ce4e5b9ULL);
  store_be<8>(index.bytes.data() + 24, number);
  return index;
}

inline IdentifierLink email(std::uint64_t number) {
  return {IdentifierType::kEmail, 1, blind(number)};
}
inline IdentifierLink phone(std::uint64_t number) {
  return {IdentifierType::kPhone, 1, blind(number)};
}
inline IdentifierLink account(std::uint64_t number) {
  return {IdentifierType::kAccountId, 1, blind(number)};
}

inline UtcTime at(int second) {
  return UtcTime(std::chrono::seconds(1'700'000'000 + second));
}

inline Bytes bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

inline FieldWrite field(NameId name, std::string_view sealed, std::uint64_t version = 1) {
  return {name, 7, 1, version, at(0), bytes(sealed)};
}

/// A new person with the email `number` and one field.
inline ProfileWrite new_person(std::uint64_t number) {
  ProfileWrite write;
  write.subject = subject(number);
  write.create = true;
  write.wrapped_key = bytes("key-" + std::to_string(number));
  write.fields.push_back(field(1, "sealed-" + std::to_string(number)));
  write.add_links.push_back(email(number));
  return write;
}

inline ConsentRecord consent(std::uint64_t person, std::string id, NameId purpose,
                             policy::ConsentStatus status, int second) {
  ConsentRecord record;
  record.id = std::move(id);
  record.subject = subject(person);
  record.purpose = purpose;
  record.status = status;
  record.level = 21;
  record.text_version = 22;
  record.language = 23;
  record.notice_sha256.fill(0xab);
  record.method = 24;
  record.app = 25;
  record.is_explicit = true;
  record.collected_at = at(second);
  record.received_at = at(second + 1);
  return record;
}

/// Runs one transaction.
template <class Work>
Result<void> write(ProfileStore& store, Work&& work) {
  FIELDGATE_TRY(std::unique_ptr<Transaction> transaction, store.begin());
  FIELDGATE_CHECK_OK(work(*transaction));
  return transaction->commit();
}

inline Result<void> put(ProfileStore& store, const ProfileWrite& change) {
  return write(store, [&change](Transaction& t) { return t.put(change); });
}

class StoreContract : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override { reopen(); }

  void reopen() {
    reader_.reset();
    store_.reset();
    store_ = GetParam().open(folder_.path());
    ASSERT_NE(store_, nullptr);
    reader_ = value_of(store_->reader());
    ASSERT_NE(reader_, nullptr);
  }

  ProfilePtr found(const IdentifierLink& link) {
    return value_of(reader_->find(link.type, link.index));
  }
  ProfilePtr loaded(std::uint64_t number) { return value_of(reader_->load(subject(number))); }

  TemporaryFolder folder_;
  std::unique_ptr<ProfileStore> store_;
  std::unique_ptr<Reader> reader_;
};

}  // namespace fieldgate::store::test
