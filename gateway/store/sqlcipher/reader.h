// Reads of the store: one connection per reader, with keys.db attached, so that one statement (and
// so one transaction) yields a whole person.
#pragma once

#include <fieldgate/store/profile_store.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "gateway/store/sqlcipher/database.h"
#include "gateway/store/sqlcipher/read_snapshots.h"

namespace fieldgate::store::sqlcipher {

/// What a row of (subject, state, key's subject, wrapped key) at `first` says. `kCorrupt` when the
/// key belongs to someone else, as after a restore of one database alone.
[[nodiscard]] Result<ProfilePtr> read_profile(const Statement& row, int first);

class SqlcipherReader final : public Reader {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Reader>> open(const std::filesystem::path& profiles,
                                                            const SecretBytes& profiles_key,
                                                            const std::filesystem::path& keys,
                                                            const SecretBytes& keys_key,
                                                            std::size_t cache_bytes,
                                                            std::shared_ptr<ReadSnapshots> all);

  Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index) override;
  Result<ProfilePtr> load(const SubjectId& subject) override;
  Result<std::vector<ConsentRecord>> consent_history(const SubjectId& subject, NameId purpose,
                                                     const HistoryPage& page) override;
  Result<std::optional<ConsentRecord>> consent_record(std::string_view id) override;
  Result<std::vector<ObjectionRecord>> objection_history(const SubjectId& subject) override;
  Result<std::vector<RestrictionRecord>> restriction_history(const SubjectId& subject) override;
  Result<std::uint64_t> count_profiles() override;

 private:
  explicit SqlcipherReader(Database database) : database_(std::move(database)) {}
  [[nodiscard]] Result<void> prepare(std::shared_ptr<ReadSnapshots> all);

  Database database_;
  std::unique_ptr<ReadSnapshot> snapshot_;
  Statement find_;
  Statement find_shared_;
  Statement load_;
  Statement consents_;
  Statement consent_;
  Statement objections_;
  Statement restrictions_;
  Statement count_;
};

}  // namespace fieldgate::store::sqlcipher
