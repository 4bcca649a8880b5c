#include "gateway/store/sqlcipher/reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gateway/store/snapshot.h"
#include "gateway/store/store_errors.h"

namespace fieldgate::store::sqlcipher {
namespace {

// CROSS JOIN fixes the order of the loops. profiles.db is opened before keys.db within a statement
// and committed after it, so whoever is found has a key.
constexpr const char* kFind =
    "SELECT s.subject, s.state, k.subject, k.wrapped FROM links l"
    " CROSS JOIN subjects s ON s.id=l.person LEFT JOIN keys.subject_keys k ON k.id=s.id"
    " WHERE l.value=?1 AND l.type=?2";
constexpr const char* kFindShared =
    "SELECT s.subject, s.state, k.subject, k.wrapped FROM shared_links l"
    " CROSS JOIN subjects s ON s.id=l.person LEFT JOIN keys.subject_keys k ON k.id=s.id"
    " WHERE l.value=?1 AND l.type=?2 LIMIT 2";
constexpr const char* kLoad =
    "SELECT s.subject, s.state, k.subject, k.wrapped FROM subjects s"
    " LEFT JOIN keys.subject_keys k ON k.id=s.id WHERE s.subject=?1";
constexpr const char* kConsents =
    "SELECT c.id, s.subject, c.purpose, c.status, c.level, c.text_version, c.language, c.notice,"
    " c.method, c.app, c.is_explicit, c.by_guardian, c.collected_at, c.received_at, c.in_force"
    " FROM subjects s CROSS JOIN consents c ON c.person=s.id"
    " WHERE s.subject=?1 AND (?2=0 OR c.purpose=?2)"
    " AND c.seq>(CASE WHEN ?3='' THEN 0 ELSE (SELECT seq FROM consents WHERE id=?3) END)"
    " ORDER BY c.seq LIMIT ?4";
constexpr const char* kConsent =
    "SELECT c.id, s.subject, c.purpose, c.status, c.level, c.text_version, c.language, c.notice,"
    " c.method, c.app, c.is_explicit, c.by_guardian, c.collected_at, c.received_at, c.in_force"
    " FROM consents c CROSS JOIN subjects s ON s.id=c.person WHERE c.id=?1";
constexpr const char* kObjections =
    "SELECT o.id, s.subject, o.purpose, o.status, o.app, o.collected_at, o.received_at"
    " FROM subjects s CROSS JOIN objections o ON o.person=s.id WHERE s.subject=?1 ORDER BY o.seq";
constexpr const char* kRestrictions =
    "SELECT r.id, s.subject, r.raised, r.app, r.collected_at, r.received_at"
    " FROM subjects s CROSS JOIN restrictions r ON r.person=s.id WHERE s.subject=?1 ORDER BY r.seq";

Error damaged_row() {
  return make_error(ErrorCode::kCorrupt, "a stored row is damaged", "row-damaged");
}

Result<SubjectId> read_subject(ByteView bytes) {
  SubjectId subject;
  if (bytes.size() != subject.bytes.size()) {
    return damaged_row();
  }
  std::copy(bytes.begin(), bytes.end(), subject.bytes.begin());
  return subject;
}

NameId read_name(const Statement& row, int column) {
  return static_cast<NameId>(row.integer(column));
}

Result<ConsentRecord> read_consent(const Statement& row) {
  ConsentRecord record;
  record.id = row.text(0);
  FIELDGATE_TRY(record.subject, read_subject(row.blob(1)));
  record.purpose = read_name(row, 2);
  const std::int64_t status = row.integer(3);
  if (status < 0 || status > static_cast<std::int64_t>(policy::ConsentStatus::kInvalidated)) {
    return damaged_row();
  }
  record.status = static_cast<policy::ConsentStatus>(status);
  record.level = read_name(row, 4);
  record.text_version = read_name(row, 5);
  record.language = read_name(row, 6);
  const ByteView notice = row.blob(7);
  if (notice.size() != record.notice_sha256.size()) {
    return damaged_row();
  }
  std::copy(notice.begin(), notice.end(), record.notice_sha256.begin());
  record.method = read_name(row, 8);
  record.app = read_name(row, 9);
  record.is_explicit = row.integer(10) != 0;
  record.by_guardian = row.integer(11) != 0;
  record.collected_at = row.time(12);
  record.received_at = row.time(13);
  record.in_force = row.integer(14) != 0;
  return record;
}

Result<ObjectionRecord> read_objection(const Statement& row) {
  ObjectionRecord record;
  record.id = row.text(0);
  FIELDGATE_TRY(record.subject, read_subject(row.blob(1)));
  record.purpose = read_name(row, 2);
  const std::int64_t status = row.integer(3);
  if (status < static_cast<std::int64_t>(policy::ObjectionStatus::kRaised) ||
      status > static_cast<std::int64_t>(policy::ObjectionStatus::kOverruled)) {
    return damaged_row();
  }
  record.status = static_cast<policy::ObjectionStatus>(status);
  record.app = read_name(row, 4);
  record.collected_at = row.time(5);
  record.received_at = row.time(6);
  return record;
}

Result<RestrictionRecord> read_restriction(const Statement& row) {
  RestrictionRecord record;
  record.id = row.text(0);
  FIELDGATE_TRY(record.subject, read_subject(row.blob(1)));
  record.raised = row.integer(2) != 0;
  record.app = read_name(row, 3);
  record.collected_at = row.time(4);
  record.received_at = row.time(5);
  return record;
}

template <class Record>
Result<std::vector<Record>> read_all(Statement& statement,
                                     Result<Record> (*read)(const Statement&)) {
  const ResetGuard guard(statement);
  std::vector<Record> out;
  while (true) {
    FIELDGATE_TRY(const bool row, statement.step());
    if (!row) {
      return out;
    }
    FIELDGATE_TRY(Record record, read(statement));
    out.push_back(std::move(record));
  }
}

}  // namespace

Result<ProfilePtr> read_profile(const Statement& row, int first) {
  FIELDGATE_TRY(const SubjectId subject, read_subject(row.blob(first)));
  const ByteView key = row.blob(first + 3);
  if (!row.is_null(first + 2)) {
    const ByteView owner = row.blob(first + 2);
    if (!std::equal(owner.begin(), owner.end(), subject.bytes.begin(), subject.bytes.end())) {
      return make_error(ErrorCode::kCorrupt, "keys.db does not belong to profiles.db",
                        "databases-differ");
    }
  }
  return make_profile(subject, key, row.blob(first + 1));
}

Result<std::unique_ptr<Reader>> SqlcipherReader::open(const std::filesystem::path& profiles,
                                                      const SecretBytes& profiles_key,
                                                      const std::filesystem::path& keys,
                                                      const SecretBytes& keys_key,
                                                      std::size_t cache_bytes,
                                                      std::shared_ptr<ReadSnapshots> all) {
  FIELDGATE_TRY(Database database, Database::open(profiles, profiles_key, cache_bytes));
  FIELDGATE_CHECK_OK(database.attach(keys, "keys", keys_key, cache_bytes / 8));
  FIELDGATE_CHECK_OK(database.execute("PRAGMA query_only=ON"));
  std::unique_ptr<SqlcipherReader> reader(new SqlcipherReader(std::move(database)));
  FIELDGATE_CHECK_OK(reader->prepare(std::move(all)));
  return std::unique_ptr<Reader>(std::move(reader));
}

Result<void> SqlcipherReader::prepare(std::shared_ptr<ReadSnapshots> all) {
  FIELDGATE_TRY(snapshot_, ReadSnapshot::open(std::move(all), database_));
  FIELDGATE_TRY(find_, database_.prepare(kFind));
  FIELDGATE_TRY(find_shared_, database_.prepare(kFindShared));
  FIELDGATE_TRY(load_, database_.prepare(kLoad));
  FIELDGATE_TRY(consents_, database_.prepare(kConsents));
  FIELDGATE_TRY(consent_, database_.prepare(kConsent));
  FIELDGATE_TRY(objections_, database_.prepare(kObjections));
  FIELDGATE_TRY(restrictions_, database_.prepare(kRestrictions));
  FIELDGATE_TRY(count_, database_.prepare("SELECT count(*) FROM subjects"));
  return ok();
}

Result<ProfilePtr> SqlcipherReader::find(IdentifierType type, const BlindIndex& index) {
  FIELDGATE_TRY(const auto held, snapshot_->enter());
  const bool one = leads_to_one_person(type);
  Statement& statement = one ? find_ : find_shared_;
  const ResetGuard guard(statement);
  statement.bind(1, ByteView(index.bytes));
  statement.bind(2, static_cast<std::int64_t>(type));
  FIELDGATE_TRY(const bool row, statement.step());
  if (!row) {
    return ProfilePtr();
  }
  FIELDGATE_TRY(ProfilePtr profile, read_profile(statement, 0));
  if (!one) {
    FIELDGATE_TRY(const bool another, statement.step());
    if (another) {
      return ProfilePtr();
    }
  }
  return profile;
}

Result<ProfilePtr> SqlcipherReader::load(const SubjectId& subject) {
  FIELDGATE_TRY(const auto held, snapshot_->enter());
  const ResetGuard guard(load_);
  load_.bind(1, ByteView(subject.bytes));
  FIELDGATE_TRY(const bool row, load_.step());
  if (!row) {
    return ProfilePtr();
  }
  return read_profile(load_, 0);
}

Result<std::vector<ConsentRecord>> SqlcipherReader::consent_history(const SubjectId& subject,
                                                                    NameId purpose,
                                                                    const HistoryPage& page) {
  FIELDGATE_TRY(const auto held, snapshot_->enter());
  consents_.bind(1, ByteView(subject.bytes));
  consents_.bind(2, std::int64_t{purpose});
  consents_.bind_text(3, page.after);
  consents_.bind(4, static_cast<std::int64_t>(std::min(page.limit, kMaxHistoryPage)));
  return read_all(consents_, read_consent);
}

Result<std::optional<ConsentRecord>> SqlcipherReader::consent_record(std::string_view id) {
  FIELDGATE_TRY(const auto held, snapshot_->enter());
  const ResetGuard guard(consent_);
  consent_.bind_text(1, id);
  FIELDGATE_TRY(const bool row, consent_.step());
  if (!row) {
    return std::optional<ConsentRecord>();
  }
  FIELDGATE_TRY(ConsentRecord record, read_consent(consent_));
  return std::optional(std::move(record));
}

Result<std::vector<ObjectionRecord>> SqlcipherReader::objection_history(const SubjectId& subject) {
  FIELDGATE_TRY(const auto held, snapshot_->enter());
  objections_.bind(1, ByteView(subject.bytes));
  return read_all(objections_, read_objection);
}

Result<std::vector<RestrictionRecord>> SqlcipherReader::restriction_history(
    const SubjectId& subject) {
  FIELDGATE_TRY(const auto held, snapshot_->enter());
  restrictions_.bind(1, ByteView(subject.bytes));
  return read_all(restrictions_, read_restriction);
}

Result<std::uint64_t> SqlcipherReader::count_profiles() {
  FIELDGATE_TRY(const auto held, snapshot_->enter());
  const ResetGuard guard(count_);
  FIELDGATE_TRY(const bool row, count_.step());
  return row ? static_cast<std::uint64_t>(count_.integer(0)) : 0;
}

}  // namespace fieldgate::store::sqlcipher
