// The ports behind which profiles, consents and credentials are kept. Adapters: memory, SQLCipher.
// One contract suite (tests/contract) runs against each adapter.
#pragma once

#include <fieldgate/base/result.h>
#include <fieldgate/store/consent_store.h>
#include <fieldgate/store/credential_store.h>
#include <fieldgate/store/profile.h>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace fieldgate::store {

/// The dictionary of names. Thread-safe; grows only.
class Names {
 public:
  virtual ~Names() = default;
  /// The id of a name, given out and made durable on first use; `kUnavailable` beyond `kMaxNames`,
  /// `kInvalid` for an empty name or one of more than 255 bytes. While a transaction is open (on
  /// any thread, this one too) a new name becomes durable with that transaction's commit or
  /// rollback, so never later than the first row that uses it.
  [[nodiscard]] virtual Result<NameId> intern(std::string_view name) = 0;
  /// kNoName when the name was never interned.
  [[nodiscard]] virtual NameId find(std::string_view name) const = 0;
  /// Empty for an id that was never given out. The view lives as long as the store.
  [[nodiscard]] virtual std::string_view name(NameId id) const = 0;
  /// Names given out so far.
  [[nodiscard]] virtual std::size_t size() const = 0;
};

/// A link from an identifier to a person; a person may have several of a kind.
struct IdentifierLink {
  IdentifierType type = IdentifierType::kEmail;
  std::uint8_t profile = 1;  ///< crypto::kNormaliserProfile that made it
  BlindIndex index;
};

/// One field to write; replaces the stored value of that field.
struct FieldWrite {
  NameId field = kNoName;
  NameId source = kNoName;
  std::uint8_t type = 0;
  std::uint64_t value_version = 0;
  UtcTime collected_at{};
  Bytes sealed;
};

/// What changes about one person. Fields and links that are not named stay.
struct ProfileWrite {
  SubjectId subject;
  bool create = false;  ///< a new person; `wrapped_key` is then given
  Bytes wrapped_key;
  std::vector<FieldWrite> fields;
  std::vector<NameId> remove_fields;
  std::optional<Bytes> facts;  ///< new sealed decision facts
  std::uint64_t facts_version = 0;
  std::vector<IdentifierLink> add_links;
  std::vector<IdentifierLink> remove_links;
};

/// Consent records that one call reads.
inline constexpr std::size_t kMaxHistoryPage = 1001;

/// Which part of a history: the first, or the one behind a record of it.
struct HistoryPage {
  std::string_view after = {};  ///< id of a record; nothing follows an id that the store lacks
  std::size_t limit = kMaxHistoryPage;
};

/// Reads. One per thread, not shared; sees every write that was committed before the call.
class Reader {
 public:
  virtual ~Reader() = default;
  /// The person that an identifier leads to, whole, in one transaction; null when there is none.
  [[nodiscard]] virtual Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index) = 0;
  [[nodiscard]] virtual Result<ProfilePtr> load(const SubjectId& subject) = 0;
  /// A page of the person's ledger in order of arrival; of one purpose unless `kNoName`.
  [[nodiscard]] virtual Result<std::vector<ConsentRecord>> consent_history(
      const SubjectId& subject, NameId purpose, const HistoryPage& page) = 0;
  [[nodiscard]] virtual Result<std::optional<ConsentRecord>> consent_record(
      std::string_view id) = 0;
  /// Every objection and restriction that the person's ledger holds, in order of arrival.
  [[nodiscard]] virtual Result<std::vector<ObjectionRecord>> objection_history(
      const SubjectId& subject) = 0;
  [[nodiscard]] virtual Result<std::vector<RestrictionRecord>> restriction_history(
      const SubjectId& subject) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> count_profiles() = 0;
};

/// Writes, all or nothing. At most one at a time per store; the destructor rolls back what was not
/// committed. Reads through it see its own writes. Not thread-safe.
class Transaction : public ConsentWrites, public CredentialWrites {
 public:
  ~Transaction() override = default;
  /// True when the identifier leads to anybody: also to several people, for whom `find` gives none.
  [[nodiscard]] virtual Result<bool> is_linked(IdentifierType type, const BlindIndex& index) = 0;
  [[nodiscard]] virtual Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index) = 0;
  [[nodiscard]] virtual Result<ProfilePtr> load(const SubjectId& subject) = 0;
  /// `kConflict` when a link of `add_links` leads to another person (a phone may lead to several
  /// people and then leads a read to none: product rule "a phone alone never merges").
  [[nodiscard]] virtual Result<void> put(const ProfileWrite& write) = 0;
  /// Durable once this returns ok; on an error nothing of it is there.
  [[nodiscard]] virtual Result<void> commit() = 0;
};

/// Thread-safe.
class ProfileStore {
 public:
  virtual ~ProfileStore() = default;
  [[nodiscard]] virtual Names& names() = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Reader>> reader() = 0;
  /// A reader for a walk over everybody: it drives nobody out of a set kept in memory.
  [[nodiscard]] virtual Result<std::unique_ptr<Reader>> passing_reader() { return reader(); }
  /// Blocks while another transaction is open; call it on a writer thread, never on an I/O loop.
  [[nodiscard]] virtual Result<std::unique_ptr<Transaction>> begin() = 0;
  [[nodiscard]] virtual Result<std::vector<Credential>> credentials() = 0;
  /// True once a sync has failed: what is on disk is not known, no write is taken any more, and the
  /// process must end.
  [[nodiscard]] virtual bool failed() const = 0;
};

}  // namespace fieldgate::store
