// The writer's ledger and credentials (writer.h).
#include "gateway/store/ledger_fold.h"
#include "gateway/store/snapshot.h"
#include "gateway/store/sqlcipher/writer.h"
#include "gateway/store/store_errors.h"

namespace fieldgate::store::sqlcipher {

Result<Writer::Person> Writer::person_for_record(const SubjectId& subject) {
  FIELDGATE_CHECK_OK(check_open());
  FIELDGATE_TRY(std::optional<Person> person, person_of(subject));
  if (!person.has_value()) {
    return person_unknown();
  }
  return std::move(*person);
}

Result<void> Writer::append(ConsentRecord& record) {
  const std::lock_guard lock(mutex_);
  FIELDGATE_TRY(const Person person, person_for_record(record.subject));
  ProfileState state = state_of(*person.profile);
  FIELDGATE_CHECK_OK(fold_consent(state, record));
  Statement& row = insert_consent_;
  row.bind_text(1, record.id);
  row.bind(2, person.id);
  row.bind(3, std::int64_t{record.purpose});
  row.bind(4, static_cast<std::int64_t>(record.status));
  row.bind(5, std::int64_t{record.level});
  row.bind(6, std::int64_t{record.text_version});
  row.bind(7, std::int64_t{record.language});
  row.bind(8, ByteView(record.notice_sha256));
  row.bind(9, std::int64_t{record.method});
  row.bind(10, std::int64_t{record.app});
  row.bind(11, std::int64_t{record.is_explicit});
  row.bind(12, std::int64_t{record.by_guardian});
  row.bind_time(13, record.collected_at);
  row.bind_time(14, record.received_at);
  row.bind(15, std::int64_t{record.in_force});
  Result<void> done = row.run();
  if (done.has_error()) {
    return row.hit_constraint() ? record_exists() : keep(std::move(done));
  }
  return keep(update_state(person.id, state));
}

Result<void> Writer::append(const ObjectionRecord& record) {
  const std::lock_guard lock(mutex_);
  FIELDGATE_TRY(const Person person, person_for_record(record.subject));
  ProfileState state = state_of(*person.profile);
  FIELDGATE_CHECK_OK(fold_objection(state, record));
  Statement& row = insert_objection_;
  row.bind_text(1, record.id);
  row.bind(2, person.id);
  row.bind(3, std::int64_t{record.purpose});
  row.bind(4, static_cast<std::int64_t>(record.status));
  row.bind(5, std::int64_t{record.app});
  row.bind_time(6, record.collected_at);
  row.bind_time(7, record.received_at);
  Result<void> done = row.run();
  if (done.has_error()) {
    return row.hit_constraint() ? record_exists() : keep(std::move(done));
  }
  return keep(update_state(person.id, state));
}

Result<void> Writer::append(const RestrictionRecord& record) {
  const std::lock_guard lock(mutex_);
  FIELDGATE_TRY(const Person person, person_for_record(record.subject));
  ProfileState state = state_of(*person.profile);
  fold_restriction(state, record);
  Statement& row = insert_restriction_;
  row.bind_text(1, record.id);
  row.bind(2, person.id);
  row.bind(3, std::int64_t{record.raised});
  row.bind(4, std::int64_t{record.app});
  row.bind_time(5, record.collected_at);
  row.bind_time(6, record.received_at);
  Result<void> done = row.run();
  if (done.has_error()) {
    return row.hit_constraint() ? record_exists() : keep(std::move(done));
  }
  return keep(update_state(person.id, state));
}

Result<void> Writer::add_credential(const Credential& credential) {
  const std::lock_guard lock(mutex_);
  FIELDGATE_CHECK_OK(check_open());
  FIELDGATE_CHECK_OK(keep(begin_keys()));
  Statement& row = insert_credential_;
  row.bind_text(1, credential.prefix);
  row.bind(2, ByteView(credential.hash));
  row.bind_text(3, credential.app);
  row.bind_text(4, credential.role);
  row.bind_time(5, credential.created);
  const auto bind_optional = [&row](int position, const std::optional<UtcTime>& time) {
    if (time.has_value()) {
      row.bind_time(position, *time);
    } else {
      row.bind_null(position);
    }
  };
  bind_optional(6, credential.expires);
  bind_optional(7, credential.revoked);
  Result<void> done = row.run();
  if (done.has_error()) {
    return row.hit_constraint() ? prefix_taken() : keep(std::move(done));
  }
  return ok();
}

Result<void> Writer::revoke_credential(std::string_view prefix, UtcTime at) {
  const std::lock_guard lock(mutex_);
  FIELDGATE_CHECK_OK(check_open());
  FIELDGATE_CHECK_OK(keep(begin_keys()));
  revoke_credential_.bind_text(1, prefix);
  revoke_credential_.bind_time(2, at);
  FIELDGATE_CHECK_OK(keep(revoke_credential_.run()));
  return databases_.keys.changes() == 0 ? credential_unknown() : ok();
}

}  // namespace fieldgate::store::sqlcipher
