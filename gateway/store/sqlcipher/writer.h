// The writer's side of the two databases: prepared statements, and a transaction across both.
#pragma once

#include <fieldgate/store/profile_store.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/store/name_table.h"
#include "gateway/store/snapshot.h"
#include "gateway/store/sqlcipher/read_snapshots.h"
#include "gateway/store/sqlcipher/schema.h"
#include "gateway/store/writer_turn.h"

namespace fieldgate::store::sqlcipher {

/// The one writer. A transaction is open between `begin` and `commit` or `rollback`; the caller
/// sees to it that there is one at a time (`gate`). Each call takes the mutex, because a name can
/// be interned from any thread, also while a transaction is open.
class Writer {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Writer>> open(const SqlcipherOptions& options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  [[nodiscard]] WriterGate& gate() { return gate_; }
  [[nodiscard]] const NameTable& names() const { return names_; }
  [[nodiscard]] bool failed() const { return failed_.load(); }
  [[nodiscard]] Result<NameId> intern(std::string_view name);
  /// What readers of these databases register with.
  [[nodiscard]] const std::shared_ptr<ReadSnapshots>& snapshots() const { return snapshots_; }

  [[nodiscard]] Result<void> begin();
  /// keys.db first: a key without a person is harmless, a person without a key is lost.
  [[nodiscard]] Result<void> commit();
  void rollback();

  [[nodiscard]] Result<bool> is_linked(IdentifierType type, const BlindIndex& index);
  [[nodiscard]] Result<ProfilePtr> find(IdentifierType type, const BlindIndex& index);
  [[nodiscard]] Result<ProfilePtr> load(const SubjectId& subject);
  [[nodiscard]] Result<void> put(const ProfileWrite& write);
  [[nodiscard]] Result<void> append(ConsentRecord& record);
  [[nodiscard]] Result<void> append(const ObjectionRecord& record);
  [[nodiscard]] Result<void> append(const RestrictionRecord& record);
  [[nodiscard]] Result<void> add_credential(const Credential& credential);
  [[nodiscard]] Result<void> revoke_credential(std::string_view prefix, UtcTime at);

 private:
  struct Person {
    std::int64_t id = 0;
    ProfilePtr profile;
  };

  Writer(Databases databases, int checkpoint_pages)
      : checkpoint_pages_(checkpoint_pages), databases_(std::move(databases)) {}
  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<void> load_names();

  [[nodiscard]] Result<void> begin_keys();
  void rollback_locked();
  [[nodiscard]] Result<void> save_name(NameId id, std::string_view name);
  [[nodiscard]] Result<void> save_lost_names();
  /// An error unless the open transaction is whole. SQLite ends one by itself on a full disk and
  /// the like, and what followed would be committed statement by statement.
  [[nodiscard]] Result<void> check_open() const;
  /// Notes the error of a step that may have left the open transaction half-done.
  [[nodiscard]] Result<void> keep(Result<void> result);
  /// After a failed sync, what reached the disk is unknown and may show after a restart, so nothing
  /// may be built on it.
  void poison_on_failed_sync(const Error& error);
  /// Folds a log back that has grown long.
  void checkpoint(Database& database);

  [[nodiscard]] Result<std::optional<Person>> person_of(const SubjectId& subject);
  /// The statement that finds whom an identifier leads to, bound and not yet stepped.
  [[nodiscard]] Statement& link_of(IdentifierType type, const BlindIndex& index);
  [[nodiscard]] Result<ProfilePtr> profile_of(std::int64_t id, const SubjectId& subject,
                                              ByteView state);
  [[nodiscard]] Result<std::int64_t> owner_of(const IdentifierLink& link);
  /// Adds the links that are not there yet, all or none.
  [[nodiscard]] Result<void> add_links(const ProfileWrite& write, std::int64_t person);
  [[nodiscard]] Result<void> remove_link(const IdentifierLink& link, std::int64_t person);
  [[nodiscard]] Result<void> put_locked(const ProfileWrite& write);
  [[nodiscard]] Result<void> insert_person(const ProfileWrite& write, std::int64_t id);
  [[nodiscard]] Result<void> update_state(std::int64_t id, const ProfileState& state);
  [[nodiscard]] Result<void> store_key(std::int64_t id, const ProfileWrite& write);
  [[nodiscard]] Result<Person> person_for_record(const SubjectId& subject);

  const int checkpoint_pages_;
  WriterGate gate_;
  const std::shared_ptr<ReadSnapshots> snapshots_ = std::make_shared<ReadSnapshots>();
  std::mutex mutex_;  // guards everything below, save reads of names_
  Databases databases_;
  NameTable names_;
  std::vector<std::pair<NameId, std::string>> transaction_names_;  // saved by the open transaction
  std::vector<std::pair<NameId, std::string>> lost_names_;         // rolled back; saved before use
  std::int64_t next_person_ = 1;
  bool keys_begun_ = false;
  std::optional<Error> failure_;     // of the open transaction: it can no longer commit
  std::optional<Error> poisoned_;    // a sync failed: no transaction can begin any more
  std::atomic<bool> failed_{false};  // the same, for readers without the lock
  Bytes encoded_;

  Statement insert_name_;
  Statement select_person_;
  Statement insert_person_;
  Statement update_person_;
  Statement select_link_;
  Statement select_shared_link_;
  Statement insert_link_;
  Statement insert_shared_link_;
  Statement delete_link_;
  Statement delete_shared_link_;
  Statement select_subject_by_id_;
  Statement insert_consent_;
  Statement insert_objection_;
  Statement insert_restriction_;
  Statement select_key_;
  Statement replace_key_;
  Statement insert_credential_;
  Statement revoke_credential_;
};

}  // namespace fieldgate::store::sqlcipher
