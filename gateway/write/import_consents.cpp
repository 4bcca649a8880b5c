#include "gateway/write/import_consents.h"

#include "gateway/http/json.h"
#include "gateway/read_path/read_request.h"
#include "gateway/write/ledger_acts.h"

#include <string>
#include <variant>

namespace fieldgate::write {

namespace {

using boost::json::object;
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
      : run_(run), reader_(run.sealing, *run.policy, now, source) {}

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
    if (const auto* objection = line->if_contains("objection")) {
      FIELDGATE_TRY(choice.record, read_objection(*line, objection->if_object()));
    } else if (const auto* restriction = line->if_contains("restriction")) {
      FIELDGATE_TRY(choice.record, read_restriction(*line, restriction->if_object()));
    } else {
      FIELDGATE_TRY(choice.record, read_consent(*line));
    }
    return choice;
  }

 private:
  static Error no_object() { return invalid("`objection` and `restriction` must be objects"); }

  Result<store::ObjectionRecord> read_objection(const object& line, const object* act) {
    if (act == nullptr) {
      return no_object();
    }
    FIELDGATE_CHECK_OK(read_path::only_members(*act, {"purpose", "state"}));
    FIELDGATE_TRY(const std::string_view purpose, text_member(*act, "purpose"));
    if (purpose != policy::kDirectMarketingName &&
        run_.policy->set().purpose(purpose) == policy::kUnknownIndex) {
      return invalid("the policy has no such purpose");
    }
    FIELDGATE_TRY(const UtcTime at, reader_.collected_at(line));
    FIELDGATE_TRY(store::ObjectionRecord record, reader_.objection(*act, at));
    FIELDGATE_TRY(record.purpose, run_.sealing.names.intern(purpose));
    return record;
  }

  Result<store::RestrictionRecord> read_restriction(const object& line, const object* act) {
    if (act == nullptr) {
      return no_object();
    }
    FIELDGATE_CHECK_OK(read_path::only_members(*act, {"state"}));
    FIELDGATE_TRY(const UtcTime at, reader_.collected_at(line));
    return reader_.restriction(*act, at);
  }

  Result<store::ConsentRecord> read_consent(const object& line) {
    FIELDGATE_TRY(const std::string_view purpose_name, text_member(line, "purpose"));
    const policy::PurposeIndex purpose = run_.policy->set().purpose(purpose_name);
    if (purpose == policy::kUnknownIndex) {
      return invalid("the policy has no such purpose");
    }
    return reader_.consent(line, purpose, ActOrigin::kElsewhere);
  }

  const ImportRun& run_;
  ActReader reader_;
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
