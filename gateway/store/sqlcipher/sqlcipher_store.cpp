#include "gateway/store/sqlcipher/sqlcipher_store.h"

#include <algorithm>
#include <utility>

#include "gateway/store/sqlcipher/reader.h"
#include "gateway/store/sqlcipher/schema.h"
#include "gateway/store/sqlcipher/writer.h"
#include "gateway/store/store_errors.h"

namespace fieldgate::store {
namespace sqlcipher {
namespace {

class SqlcipherTransaction final : public Transaction {
 public:
  SqlcipherTransaction(Writer& writer, WriterTurn turn) : writer_(writer), turn_(std::move(turn)) {}
  ~SqlcipherTransaction() override {
    if (open_) {
      writer_.rollback();
    }
  }

  Result<bool> is_linked(IdentifierType type, const BlindIndex& index) override {
    FIELDGATE_CHECK_OK(still_open());
    return writer_.is_linked(type, index);
  }
  Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index) override {
    FIELDGATE_CHECK_OK(still_open());
    return writer_.find(type, index);
  }
  Result<ProfilePtr> load(const SubjectId& subject) override {
    FIELDGATE_CHECK_OK(still_open());
    return writer_.load(subject);
  }
  Result<void> put(const ProfileWrite& write) override {
    FIELDGATE_CHECK_OK(still_open());
    return writer_.put(write);
  }
  Result<void> append_consent(ConsentRecord& record) override {
    FIELDGATE_CHECK_OK(still_open());
    return writer_.append(record);
  }
  Result<void> append_objection(const ObjectionRecord& record) override {
    FIELDGATE_CHECK_OK(still_open());
    return writer_.append(record);
  }
  Result<void> append_restriction(const RestrictionRecord& record) override {
    FIELDGATE_CHECK_OK(still_open());
    return writer_.append(record);
  }
  Result<void> add_credential(const Credential& credential) override {
    FIELDGATE_CHECK_OK(still_open());
    return writer_.add_credential(credential);
  }
  Result<void> revoke_credential(std::string_view prefix, UtcTime at) override {
    FIELDGATE_CHECK_OK(still_open());
    return writer_.revoke_credential(prefix, at);
  }
  Result<void> commit() override {
    FIELDGATE_CHECK_OK(still_open());
    open_ = false;
    Result<void> done = writer_.commit();
    turn_.end();
    return done;
  }

 private:
  Result<void> still_open() const {
    if (!open_) {
      return transaction_over();
    }
    return ok();
  }

  Writer& writer_;
  WriterTurn turn_;  // ends after the rollback of the destructor
  bool open_ = true;
};

class SqlcipherNames final : public Names {
 public:
  explicit SqlcipherNames(Writer& writer) : writer_(writer) {}
  Result<NameId> intern(std::string_view name) override { return writer_.intern(name); }
  NameId find(std::string_view name) const override { return writer_.names().find(name); }
  std::string_view name(NameId id) const override { return writer_.names().name(id); }
  std::size_t size() const override { return writer_.names().size(); }

 private:
  Writer& writer_;
};

class SqlcipherStore final : public ProfileStore {
 public:
  SqlcipherStore(const SqlcipherOptions& options, std::unique_ptr<Writer> writer)
      : profiles_(options.directory / kProfilesFile),
        keys_(options.directory / kKeysFile),
        profiles_key_(options.profiles_key.clone()),
        keys_key_(options.keys_key.clone()),
        reader_cache_bytes_(options.reader_cache_bytes),
        writer_(std::move(writer)),
        names_(*writer_) {}

  Names& names() override { return names_; }
  bool failed() const override { return writer_->failed(); }

  Result<std::unique_ptr<Reader>> reader() override {
    return SqlcipherReader::open(profiles_, profiles_key_, keys_, keys_key_, reader_cache_bytes_,
                                 writer_->snapshots());
  }

  Result<std::unique_ptr<Transaction>> begin() override {
    WriterTurn turn(writer_->gate());
    FIELDGATE_CHECK_OK(writer_->begin());
    return std::unique_ptr<Transaction>(
        std::make_unique<SqlcipherTransaction>(*writer_, std::move(turn)));
  }

  Result<std::vector<Credential>> credentials() override {
    // A connection of its own sees what is committed, and nothing of an open transaction.
    constexpr std::size_t kSmallCacheBytes = std::size_t{256} << 10U;
    FIELDGATE_TRY(Database keys, Database::open(keys_, keys_key_, kSmallCacheBytes));
    FIELDGATE_TRY(Statement row,
                  keys.prepare("SELECT prefix, hash, app, role, created, expires, revoked"
                               " FROM credentials ORDER BY prefix"));
    std::vector<Credential> out;
    while (true) {
      FIELDGATE_TRY(const bool more, row.step());
      if (!more) {
        return out;
      }
      Credential credential;
      credential.prefix = row.text(0);
      const ByteView hash = row.blob(1);
      if (hash.size() != credential.hash.size()) {
        return make_error(ErrorCode::kCorrupt, "a stored row is damaged", "row-damaged");
      }
      std::copy(hash.begin(), hash.end(), credential.hash.begin());
      credential.app = row.text(2);
      credential.role = row.text(3);
      credential.created = row.time(4);
      if (!row.is_null(5)) {
        credential.expires = row.time(5);
      }
      if (!row.is_null(6)) {
        credential.revoked = row.time(6);
      }
      out.push_back(std::move(credential));
    }
  }

 private:
  std::filesystem::path profiles_;
  std::filesystem::path keys_;
  SecretBytes profiles_key_;
  SecretBytes keys_key_;
  std::size_t reader_cache_bytes_;
  std::unique_ptr<Writer> writer_;
  SqlcipherNames names_;
};

}  // namespace
}  // namespace sqlcipher

Result<std::unique_ptr<ProfileStore>> open_sqlcipher_store(const SqlcipherOptions& options) {
  FIELDGATE_TRY(std::unique_ptr<sqlcipher::Writer> writer, sqlcipher::Writer::open(options));
  return std::unique_ptr<ProfileStore>(
      std::make_unique<sqlcipher::SqlcipherStore>(options, std::move(writer)));
}

}  // namespace fieldgate::store
