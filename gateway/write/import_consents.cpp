#include "gateway/write/import_consents.h"

#include "gateway/http/json.h"
#include "gateway/read_path/read_request.h"

#include <fieldgate/crypto/encoding.h>

#include <array>
#include <string>
#include <variant>

namespace fieldgate::write {

namespace {

using boost::json::object;
using read_path::BoundPolicy;
using read_path::text_member;

struct Choice {
  std::size_t line = 0;
  store::IdentifierLink person;
  std::variant<store::ConsentRecord, store::ObjectionRecord, store::RestrictionRecord> record;
};

Error invalid(std::string message) {
  return make_error(ErrorCode::kInvalid, std::move(message));
}

class LineReader {
 public:
  LineReader(const ImportRun& run, UtcTime now, store::NameId source)
      : run_(run), names_(run.sealing.names), now_(now), source_(source) {}

  Result<Choice> read(std::string_view text) {
    FIELDGATE_TRY(const auto json, http::parse_json(text));
    const object* line = json.if_object();
    if (line == nullptr) {
      return invalid("a line must be a JSON object");
    }
    FIELDGATE_CHECK_OK(read_path::only_members(
        *line, {"identifier", "purpose", "state", "level", "notice", "method", "explicit",
                "guardian", "objection", "restriction", "collected_at"}));
    Choice choice;
    FIELDGATE_TRY(const auto person, read_path::parse_person_reference(*line));
    FIELDGATE_TRY(const std::string normalised,
                  crypto::normalise_identifier(person.type, person.value));
    choice.person = {person.type, crypto::kNormaliserProfile,
                     run_.sealing.indexer.index(person.type, normalised)};
    FIELDGATE_TRY(const std::string_view time, text_member(*line, "collected_at"));
    const auto at = parse_rfc3339(time);
    if (!at) {
      return invalid("`collected_at` must be an RFC 3339 time");
    }
    if (const auto* objection = line->if_contains("objection")) {
      FIELDGATE_TRY(choice.record, read_objection(objection->if_object(), *at));
    } else if (const auto* restriction = line->if_contains("restriction")) {
      FIELDGATE_TRY(choice.record, read_restriction(restriction->if_object(), *at));
    } else {
      FIELDGATE_TRY(choice.record, read_consent(*line, *at));
    }
    return choice;
  }

 private:
  std::string new_id(std::string_view prefix) {
    std::array<Byte, 16> random{};
    run_.sealing.random.fill(random);
    return std::string(prefix) + crypto::base64url_encode(random);
  }

  Result<bool> read_raised(const object* act) {
    if (act == nullptr) {
      return invalid("`objection` and `restriction` must be objects");
    }
    FIELDGATE_TRY(const std::string_view state, text_member(*act, "state"));
    if (state != "raised" && state != "withdrawn") {
      return invalid("`state` must be raised or withdrawn");
    }
    return state == "raised";
  }

  Result<store::ObjectionRecord> read_objection(const object* act, UtcTime at) {
    store::ObjectionRecord record;
    FIELDGATE_TRY(const bool raised, read_raised(act));
    FIELDGATE_TRY(const std::string_view purpose, text_member(*act, "purpose"));
    if (purpose != "direct-marketing" &&
        run_.policy->set().purpose(purpose) == policy::kUnknownIndex) {
      return invalid("the policy has no such purpose");
    }
    record.id = new_id("obj_");
    FIELDGATE_TRY(record.purpose, names_.intern(purpose));
    record.status = raised ? policy::ObjectionStatus::kRaised : policy::ObjectionStatus::kWithdrawn;
    record.app = source_;
    record.collected_at = at;
    record.received_at = now_;
    return record;
  }

  Result<store::RestrictionRecord> read_restriction(const object* act, UtcTime at) {
    store::RestrictionRecord record;
    FIELDGATE_TRY(record.raised, read_raised(act));
    record.id = new_id("rst_");
    record.app = source_;
    record.collected_at = at;
    record.received_at = now_;
    return record;
  }

  Result<store::ConsentRecord> read_consent(const object& line, UtcTime at) {
    store::ConsentRecord record;
    record.id = new_id("cns_");
    FIELDGATE_TRY(const std::string_view purpose_name, text_member(line, "purpose"));
    const policy::PurposeIndex purpose = run_.policy->set().purpose(purpose_name);
    if (purpose == policy::kUnknownIndex) {
      return invalid("the policy has no such purpose");
    }
    record.purpose = run_.policy->name_of_purpose(purpose);
    FIELDGATE_TRY(const std::string_view state, text_member(line, "state"));
    const auto status = policy::parse_consent_status(state);
    if (!status) {
      return invalid("`state` is no consent state");
    }
    record.status = *status;
    if (line.contains("level")) {
      FIELDGATE_TRY(const std::string_view level, text_member(line, "level"));
      FIELDGATE_TRY(record.level, names_.intern(level));
      if (run_.policy->level_of(purpose, record.level) == policy::kUnknownLevel) {
        return invalid("`level` is not a level of this purpose");
      }
    }
    if (const auto* notice = line.if_contains("notice")) {
      FIELDGATE_CHECK_OK(read_notice(notice->if_object(), purpose, record));
    }
    if (line.contains("method")) {
      FIELDGATE_TRY(const std::string_view method, text_member(line, "method"));
      FIELDGATE_TRY(record.method, names_.intern(method));
    }
    const auto flag = [&line](std::string_view name) {
      const auto* value = line.if_contains(name);
      return value != nullptr && value->is_bool() && value->get_bool();
    };
    record.is_explicit = flag("explicit");
    record.by_guardian = flag("guardian");
    record.app = source_;
    record.collected_at = at;
    record.received_at = now_;
    return record;
  }

  Result<void> read_notice(const object* notice, policy::PurposeIndex purpose,
                           store::ConsentRecord& record) {
    if (notice == nullptr) {
      return invalid("`notice` must be an object");
    }
    FIELDGATE_TRY(const std::string_view version, text_member(*notice, "version"));
    FIELDGATE_TRY(const std::string_view language, text_member(*notice, "language"));
    const auto* shown = run_.policy->notice(purpose, version, language);
    if (shown == nullptr) {
      return invalid("`notice` names no text of this purpose");
    }
    record.text_version = shown->version;
    record.language = shown->language;
    record.notice_sha256 = shown->sha256;
    return ok();
  }

  const ImportRun& run_;
  store::Names& names_;
  UtcTime now_;
  store::NameId source_;
};

// Appends one choice; false when there is no such person.
Result<bool> append(store::Transaction& transaction, const Choice& choice) {
  FIELDGATE_TRY(const store::ProfilePtr person,
                transaction.find(choice.person.type, choice.person.index));
  if (person == nullptr) {
    return false;
  }
  if (const auto* consent = std::get_if<store::ConsentRecord>(&choice.record)) {
    store::ConsentRecord record = *consent;
    record.subject = person->subject();
    FIELDGATE_CHECK_OK(transaction.append_consent(record));
  } else if (const auto* objection = std::get_if<store::ObjectionRecord>(&choice.record)) {
    store::ObjectionRecord record = *objection;
    record.subject = person->subject();
    FIELDGATE_CHECK_OK(transaction.append_objection(record));
  } else {
    store::RestrictionRecord record = std::get<store::RestrictionRecord>(choice.record);
    record.subject = person->subject();
    FIELDGATE_CHECK_OK(transaction.append_restriction(record));
  }
  return true;
}

}  // namespace

Result<ImportReport> import_consents(const ImportRun& run, std::istream& in, UtcTime now,
                                     std::string_view source) {
  FIELDGATE_TRY(const store::NameId source_name, run.sealing.names.intern(source));
  LineReader reader(run, now, source_name);
  ImportReport report;
  std::vector<Choice> choices;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) {
      continue;
    }
    auto choice = reader.read(line);
    if (choice.has_error()) {
      report.rejected.add({number, {}, choice.error().message});
      continue;
    }
    choice->line = number;
    choices.push_back(std::move(*choice));
  }
  if (in.bad()) {
    return make_error(ErrorCode::kUnavailable, "the file cannot be read to its end");
  }
  ImportReport written;
  FIELDGATE_CHECK_OK(run.writer.run([&](store::Transaction& transaction) -> Result<void> {
    written = {};
    for (const Choice& choice : choices) {
      FIELDGATE_TRY(const bool known, append(transaction, choice));
      if (known) {
        ++written.imported;
      } else {
        written.rejected.add({choice.line, {}, "there is no such person"});
      }
    }
    return ok();
  }));
  written.rejected.merge(report.rejected);
  return written;
}

}  // namespace fieldgate::write
