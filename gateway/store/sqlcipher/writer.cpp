#include "gateway/store/sqlcipher/writer.h"

#include <algorithm>

#include "gateway/store/snapshot.h"
#include "gateway/store/store_errors.h"

namespace fieldgate::store::sqlcipher {
namespace {

std::int64_t number(IdentifierType type) {
  return static_cast<std::int64_t>(type);
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::open(const SqlcipherOptions& options) {
  FIELDGATE_TRY(Databases databases, open_databases(options));
  std::unique_ptr<Writer> writer(new Writer(std::move(databases), options.checkpoint_pages));
  FIELDGATE_CHECK_OK(writer->prepare());
  FIELDGATE_CHECK_OK(writer->load_names());
  // Above what either database knows: an id is never given to two people, even when a crash left a
  // key without its person.
  FIELDGATE_TRY(const std::int64_t people,
                writer->databases_.profiles.integer("SELECT max(id) FROM subjects"));
  FIELDGATE_TRY(const std::int64_t keys,
                writer->databases_.keys.integer("SELECT max(id) FROM subject_keys"));
  writer->next_person_ = std::max(people, keys) + 1;
  return writer;
}

Writer::~Writer() {
  rollback();
}

Result<void> Writer::prepare() {
  Database& profiles = databases_.profiles;
  Database& keys = databases_.keys;
  FIELDGATE_TRY(insert_name_, profiles.prepare("INSERT INTO names(id, name) VALUES(?1, ?2)"));
  FIELDGATE_TRY(select_person_,
                profiles.prepare("SELECT id, state FROM subjects WHERE subject=?1"));
  FIELDGATE_TRY(insert_person_,
                profiles.prepare("INSERT INTO subjects(id, subject, state) VALUES(?1, ?2, ?3)"));
  FIELDGATE_TRY(update_person_, profiles.prepare("UPDATE subjects SET state=?2 WHERE id=?1"));
  FIELDGATE_TRY(select_link_,
                profiles.prepare("SELECT person FROM links WHERE value=?1 AND type=?2"));
  FIELDGATE_TRY(
      select_shared_link_,
      profiles.prepare("SELECT person FROM shared_links WHERE value=?1 AND type=?2 LIMIT 2"));
  FIELDGATE_TRY(insert_link_,
                profiles.prepare("INSERT OR IGNORE INTO links(value, type, person, profile)"
                                 " VALUES(?1, ?2, ?3, ?4)"));
  FIELDGATE_TRY(insert_shared_link_,
                profiles.prepare("INSERT OR IGNORE INTO shared_links(value, type, person, profile)"
                                 " VALUES(?1, ?2, ?3, ?4)"));
  FIELDGATE_TRY(delete_link_,
                profiles.prepare("DELETE FROM links WHERE value=?1 AND type=?2 AND person=?3"));
  FIELDGATE_TRY(
      delete_shared_link_,
      profiles.prepare("DELETE FROM shared_links WHERE value=?1 AND type=?2 AND person=?3"));
  FIELDGATE_TRY(select_subject_by_id_,
                profiles.prepare("SELECT subject, state FROM subjects WHERE id=?1"));
  FIELDGATE_TRY(
      insert_consent_,
      profiles.prepare("INSERT INTO consents(id, person, purpose, status, level, text_version,"
                       " language, notice, method, app, is_explicit, by_guardian, collected_at,"
                       " received_at, in_force)"
                       " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)"));
  FIELDGATE_TRY(insert_objection_,
                profiles.prepare("INSERT INTO objections(id, person, purpose, status, app,"
                                 " collected_at, received_at) VALUES(?1,?2,?3,?4,?5,?6,?7)"));
  FIELDGATE_TRY(insert_restriction_,
                profiles.prepare("INSERT INTO restrictions(id, person, raised, app, collected_at,"
                                 " received_at) VALUES(?1,?2,?3,?4,?5,?6)"));
  FIELDGATE_TRY(select_key_, keys.prepare("SELECT subject, wrapped FROM subject_keys WHERE id=?1"));
  FIELDGATE_TRY(replace_key_,
                keys.prepare("INSERT OR REPLACE INTO subject_keys(id, subject, wrapped)"
                             " VALUES(?1, ?2, ?3)"));
  FIELDGATE_TRY(
      insert_credential_,
      keys.prepare("INSERT INTO credentials(prefix, hash, app, role, created, expires, revoked)"
                   " VALUES(?1,?2,?3,?4,?5,?6,?7)"));
  FIELDGATE_TRY(revoke_credential_,
                keys.prepare("UPDATE credentials SET revoked=ifnull(revoked, ?2) WHERE prefix=?1"));
  return ok();
}

Result<void> Writer::load_names() {
  FIELDGATE_TRY(Statement rows,
                databases_.profiles.prepare("SELECT id, name FROM names ORDER BY id"));
  while (true) {
    FIELDGATE_TRY(const bool row, rows.step());
    if (!row) {
      return ok();
    }
    FIELDGATE_TRY(const NameId expected, names_.next_id(rows.text(1)));
    if (rows.integer(0) != expected) {
      return make_error(ErrorCode::kCorrupt, "the dictionary of names has a gap", "names-damaged");
    }
    names_.add(rows.text(1));
  }
}

Result<void> Writer::save_name(NameId id, std::string_view name) {
  insert_name_.bind(1, std::int64_t{id});
  insert_name_.bind_text(2, name);
  return insert_name_.run();
}

Result<void> Writer::save_lost_names() {
  while (!lost_names_.empty()) {
    FIELDGATE_CHECK_OK(save_name(lost_names_.front().first, lost_names_.front().second));
    lost_names_.erase(lost_names_.begin());
  }
  return ok();
}

Result<NameId> Writer::intern(std::string_view name) {
  // Without the lock, which a commit holds over its syncs: an I/O loop must not wait for those. A
  // name that a rolled-back transaction lost is saved again before the next one begins.
  if (const NameId known = names_.find(name); known != kNoName) {
    return known;
  }
  const std::lock_guard lock(mutex_);
  if (poisoned_.has_value()) {
    return *poisoned_;
  }
  const bool in_transaction = databases_.profiles.in_transaction();
  if (!in_transaction) {
    FIELDGATE_CHECK_OK(save_lost_names());
  }
  if (const NameId known = names_.find(name); known != kNoName) {
    return known;
  }
  FIELDGATE_TRY(const NameId id, names_.next_id(name));
  Result<void> saved = save_name(id, name);
  if (saved.has_error()) {
    poison_on_failed_sync(saved.error());
    return in_transaction ? keep(std::move(saved)).error() : std::move(saved).error();
  }
  if (in_transaction) {
    transaction_names_.emplace_back(id, name);
  }
  names_.add(name);
  return id;
}

Result<void> Writer::begin() {
  const std::lock_guard lock(mutex_);
  if (poisoned_.has_value()) {
    return *poisoned_;
  }
  failure_.reset();
  FIELDGATE_CHECK_OK(save_lost_names());
  return databases_.profiles.execute("BEGIN IMMEDIATE");
}

Result<void> Writer::check_open() const {
  if (failure_.has_value()) {
    return *failure_;
  }
  if (!databases_.profiles.in_transaction() || (keys_begun_ && !databases_.keys.in_transaction())) {
    return make_error(ErrorCode::kUnavailable, "the database gave the transaction up",
                      "transaction-lost");
  }
  return ok();
}

void Writer::poison_on_failed_sync(const Error& error) {
  if (error.detail_code == "sync-failed") {
    poisoned_ = error;
    failed_.store(true);
  }
}

void Writer::checkpoint(Database& database) {
  if (database.log_pages() < checkpoint_pages_) {
    return;
  }
  snapshots_->release_all();
  const Result<void> done = database.checkpoint();
  snapshots_->release_all();
  if (done.has_error()) {
    poison_on_failed_sync(done.error());  // any other failure leaves the log in use, as it was
  }
}

Result<void> Writer::begin_keys() {
  if (!keys_begun_) {
    FIELDGATE_CHECK_OK(databases_.keys.execute("BEGIN IMMEDIATE"));
    keys_begun_ = true;
  }
  return ok();
}

Result<void> Writer::commit() {
  const std::lock_guard lock(mutex_);
  Result<void> done = check_open();
  if (done.has_value() && keys_begun_) {
    done = databases_.keys.execute("COMMIT");
    keys_begun_ = done.has_error();
  }
  if (done.has_value()) {
    done = databases_.profiles.execute("COMMIT");
  }
  snapshots_->advance();  // also after a failure: keys.db may have been committed
  if (done.has_error()) {
    poison_on_failed_sync(done.error());
    rollback_locked();
    return done;
  }
  transaction_names_.clear();
  checkpoint(databases_.keys);
  checkpoint(databases_.profiles);
  return done;
}

void Writer::rollback() {
  const std::lock_guard lock(mutex_);
  rollback_locked();
}

void Writer::rollback_locked() {
  // The outcome of a rollback changes nothing: SQLite discards what was not committed either way,
  // and a database that cannot go on fails at the next begin.
  if (keys_begun_) {
    static_cast<void>(databases_.keys.execute("ROLLBACK").has_value());
    keys_begun_ = false;
  }
  if (databases_.profiles.in_transaction()) {
    static_cast<void>(databases_.profiles.execute("ROLLBACK").has_value());
  }
  std::move(transaction_names_.begin(), transaction_names_.end(), std::back_inserter(lost_names_));
  transaction_names_.clear();
  if (!poisoned_.has_value()) {
    static_cast<void>(save_lost_names().has_value());  // else at the next begin
  }
}

Result<void> Writer::keep(Result<void> result) {
  if (result.has_error()) {
    failure_ = result.error();
  }
  return result;
}

Result<ProfilePtr> Writer::profile_of(std::int64_t id, const SubjectId& subject, ByteView state) {
  const ResetGuard guard(select_key_);
  select_key_.bind(1, id);
  FIELDGATE_TRY(const bool row, select_key_.step());
  if (!row) {
    return make_profile(subject, {}, state);
  }
  const ByteView owner = select_key_.blob(0);
  if (!std::equal(owner.begin(), owner.end(), subject.bytes.begin(), subject.bytes.end())) {
    return make_error(ErrorCode::kCorrupt, "keys.db does not belong to profiles.db",
                      "databases-differ");
  }
  return make_profile(subject, select_key_.blob(1), state);
}

Result<std::optional<Writer::Person>> Writer::person_of(const SubjectId& subject) {
  const ResetGuard guard(select_person_);
  select_person_.bind(1, ByteView(subject.bytes));
  FIELDGATE_TRY(const bool row, select_person_.step());
  if (!row) {
    return std::optional<Person>();
  }
  const std::int64_t id = select_person_.integer(0);
  FIELDGATE_TRY(ProfilePtr profile, profile_of(id, subject, select_person_.blob(1)));
  return std::optional(Person{id, std::move(profile)});
}

Result<ProfilePtr> Writer::load(const SubjectId& subject) {
  const std::lock_guard lock(mutex_);
  FIELDGATE_TRY(const std::optional<Person> person, person_of(subject));
  return person.has_value() ? person->profile : ProfilePtr();
}

Statement& Writer::link_of(IdentifierType type, const BlindIndex& index) {
  Statement& link = leads_to_one_person(type) ? select_link_ : select_shared_link_;
  link.bind(1, ByteView(index.bytes));
  link.bind(2, number(type));
  return link;
}

Result<bool> Writer::is_linked(IdentifierType type, const BlindIndex& index) {
  const std::lock_guard lock(mutex_);
  Statement& link = link_of(type, index);
  const ResetGuard guard(link);
  return link.step();
}

Result<ProfilePtr> Writer::find(IdentifierType type, const BlindIndex& index) {
  const std::lock_guard lock(mutex_);
  Statement& link = link_of(type, index);
  const ResetGuard guard(link);
  FIELDGATE_TRY(const bool row, link.step());
  if (!row) {
    return ProfilePtr();
  }
  const std::int64_t id = link.integer(0);
  FIELDGATE_TRY(const bool another, link.step());
  if (another) {
    return ProfilePtr();
  }
  const ResetGuard subject_guard(select_subject_by_id_);
  select_subject_by_id_.bind(1, id);
  FIELDGATE_TRY(const bool found, select_subject_by_id_.step());
  SubjectId subject;
  if (!found || select_subject_by_id_.blob(0).size() != subject.bytes.size()) {
    return make_error(ErrorCode::kCorrupt, "a stored row is damaged", "row-damaged");
  }
  const ByteView bytes = select_subject_by_id_.blob(0);
  std::copy(bytes.begin(), bytes.end(), subject.bytes.begin());
  return profile_of(id, subject, select_subject_by_id_.blob(1));
}

Result<std::int64_t> Writer::owner_of(const IdentifierLink& link) {
  const ResetGuard guard(select_link_);
  select_link_.bind(1, ByteView(link.index.bytes));
  select_link_.bind(2, number(link.type));
  FIELDGATE_TRY(const bool row, select_link_.step());
  return row ? select_link_.integer(0) : 0;
}

Result<void> Writer::add_links(const ProfileWrite& write, std::int64_t person) {
  std::vector<const IdentifierLink*> added;
  added.reserve(write.add_links.size());
  for (const IdentifierLink& link : write.add_links) {
    const bool one = leads_to_one_person(link.type);
    Statement& insert = one ? insert_link_ : insert_shared_link_;
    insert.bind(1, ByteView(link.index.bytes));
    insert.bind(2, number(link.type));
    insert.bind(3, person);
    insert.bind(4, std::int64_t{link.profile});
    FIELDGATE_CHECK_OK(keep(insert.run()));
    if (databases_.profiles.changes() == 1) {
      added.push_back(&link);
      continue;
    }
    if (!one) {
      continue;
    }
    const Result<std::int64_t> owner = owner_of(link);
    if (owner.has_error()) {
      return keep(owner.error());
    }
    if (*owner != person) {
      for (const IdentifierLink* undone : added) {
        FIELDGATE_CHECK_OK(keep(remove_link(*undone, person)));
      }
      return link_taken();
    }
  }
  return ok();
}

Result<void> Writer::remove_link(const IdentifierLink& link, std::int64_t person) {
  Statement& remove = leads_to_one_person(link.type) ? delete_link_ : delete_shared_link_;
  remove.bind(1, ByteView(link.index.bytes));
  remove.bind(2, number(link.type));
  remove.bind(3, person);
  return remove.run();
}

Result<void> Writer::store_key(std::int64_t id, const ProfileWrite& write) {
  FIELDGATE_CHECK_OK(begin_keys());
  replace_key_.bind(1, id);
  replace_key_.bind(2, ByteView(write.subject.bytes));
  replace_key_.bind(3, ByteView(write.wrapped_key));
  return replace_key_.run();
}

Result<void> Writer::insert_person(const ProfileWrite& write, std::int64_t id) {
  insert_person_.bind(1, id);
  insert_person_.bind(2, ByteView(write.subject.bytes));
  insert_person_.bind(3, ByteView(encoded_));
  Result<void> done = insert_person_.run();
  if (done.has_error() && insert_person_.hit_constraint()) {
    for (const IdentifierLink& link : write.add_links) {
      FIELDGATE_CHECK_OK(keep(remove_link(link, id)));
    }
    return person_exists();
  }
  return keep(std::move(done));
}

Result<void> Writer::update_state(std::int64_t id, const ProfileState& state) {
  encode_state(state, encoded_);
  update_person_.bind(1, id);
  update_person_.bind(2, ByteView(encoded_));
  return update_person_.run();
}

Result<void> Writer::put(const ProfileWrite& write) {
  const std::lock_guard lock(mutex_);
  FIELDGATE_CHECK_OK(check_open());
  return put_locked(write);
}

Result<void> Writer::put_locked(const ProfileWrite& write) {
  ProfileState state;
  std::int64_t id = next_person_;
  ProfilePtr before;  // keeps the bytes alive that `state` points to
  if (write.create) {
    if (write.wrapped_key.empty()) {
      return key_missing();
    }
  } else {
    FIELDGATE_TRY(std::optional<Person> person, person_of(write.subject));
    if (!person.has_value()) {
      return person_unknown();
    }
    id = person->id;
    before = std::move(person->profile);
    state = state_of(*before);
  }
  FIELDGATE_CHECK_OK(apply_write(state, write));
  FIELDGATE_CHECK_OK(add_links(write, id));
  if (write.create) {
    encode_state(state, encoded_);
    FIELDGATE_CHECK_OK(insert_person(write, id));
    ++next_person_;
  } else {
    FIELDGATE_CHECK_OK(keep(update_state(id, state)));
  }
  for (const IdentifierLink& link : write.remove_links) {
    const bool stays = std::any_of(write.add_links.begin(), write.add_links.end(),
                                   [&link](const IdentifierLink& added) {
                                     return added.type == link.type && added.index == link.index;
                                   });
    if (!stays) {
      FIELDGATE_CHECK_OK(keep(remove_link(link, id)));
    }
  }
  if (!write.wrapped_key.empty()) {
    FIELDGATE_CHECK_OK(keep(store_key(id, write)));
  }
  return ok();
}

}  // namespace fieldgate::store::sqlcipher
