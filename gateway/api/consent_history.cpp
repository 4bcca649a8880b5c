// GET /v1/consents: a person's ledger for one purpose, by the app that may claim that purpose.
#include "gateway/api/consents.h"
#include "gateway/api/person_key.h"
#include "gateway/api/query.h"
#include "gateway/http/problem.h"
#include "gateway/read_path/subject_tag.h"

#include <fieldgate/crypto/encoding.h>

namespace fieldgate::api {

namespace {

using read_path::Call;
using read_path::Recordable;
using read_path::Refusal;

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"" + std::string(name) + "\":";
  http::append_json_string(out, text);
}

void append_consent(std::string& out, const store::Names& names,
                    const store::ConsentRecord& record) {
  out += "{\"id\":\"" + record.id + '"';
  append_text(out, "purpose", names.name(record.purpose));
  append_text(out, "state", policy::consent_status_name(record.status));
  if (record.level != store::kNoName) {
    append_text(out, "level", names.name(record.level));
  }
  out += ",\"notice\":{\"version\":";
  http::append_json_string(out, names.name(record.text_version));
  append_text(out, "language", names.name(record.language));
  append_text(out, "sha256", crypto::hex_encode(record.notice_sha256));
  out += '}';
  append_text(out, "method", names.name(record.method));
  append_text(out, "app", names.name(record.app));
  out += record.is_explicit ? ",\"explicit\":true" : ",\"explicit\":false";
  out += record.by_guardian ? ",\"guardian\":true" : ",\"guardian\":false";
  append_text(out, "collected_at", format_rfc3339(record.collected_at));
  append_text(out, "received_at", format_rfc3339(record.received_at));
  out += record.in_force ? ",\"in_force\":true}" : ",\"in_force\":false}";
}

read_path::Step<std::pair<SubjectId, std::string>> history(LoopState& state, const Call& call,
                                                           std::string_view subject,
                                                           std::string_view purpose_name) {
  const auto claim = claim_purpose(call, purpose_name);
  if (claim.has_error()) {
    return claim.error();
  }
  const auto [app, purpose] = *claim;
  read_path::PersonReference person;
  person.pseudonym = subject;
  const auto key =
      name_person(state.environment(), *call.policy, app, std::span(&purpose, 1), person);
  if (key.has_error()) {
    Refusal refusal = no_such_person(purpose);
    refusal.malformed = key.error().code == ErrorCode::kInvalid;
    if (refusal.malformed) {
      refusal.detail = key.error().message;
    }
    return refusal;
  }
  store::Reader& reader = state.environment().reader;
  const auto profile = find_person(reader, *key);
  const Refusal unavailable{503, policy::ReasonCode::kCannotDecide,
                            "the consent store cannot answer now", purpose, std::nullopt};
  if (profile.has_error()) {
    return unavailable;
  }
  if (*profile == nullptr) {
    return no_such_person(purpose);
  }
  const auto records =
      reader.consent_history((*profile)->subject(), call.policy->name_of_purpose(purpose));
  if (records.has_error()) {
    return unavailable;
  }
  std::string json = "[";
  for (const store::ConsentRecord& record : *records) {
    json += json.size() > 1 ? "," : "";
    append_consent(json, state.deployment().store().names(), record);
  }
  return std::pair((*profile)->subject(), json + "]");
}

Result<Recordable> record_history(LoopState& state, const Call& call, const SubjectId& subject,
                                  std::string_view purpose, const std::string& consents) {
  const auto tag = read_path::subject_tag(state.environment().audit_key, call.record_id, subject);
  audit::RecordFields record;
  record.id = call.record_id;
  record.time = call.now;
  record.type = audit::RecordType::kSearch;
  record.decision = "allow";
  record.app = call.principal->app;
  record.credential = call.principal->credential;
  record.purpose = purpose;
  record.policy = call.policy->set().version();
  record.policy_digest = call.policy->digest();
  record.request_id = call.request_id;
  record.subject_tag = tag;
  record.detail = "consent history";
  Recordable recordable;
  FIELDGATE_CHECK_OK(audit::write_record(recordable.line, record));
  recordable.answer = {200, "{\"consents\":" + consents};
  return recordable;
}

}  // namespace

void get_consents(LoopState& state, http::Exchange& exchange) {
  const auto query = parse_query(exchange.request().query, {"subject", "purpose"});
  if (query.has_error() || query->size() != 2) {
    answer_error(exchange, query.has_error()
                               ? query.error()
                               : make_error(ErrorCode::kInvalid,
                                            "give both `subject` and `purpose` in the query"));
    return;
  }
  const bool subject_first = (*query)[0].first == "subject";
  const std::string& subject = (*query)[subject_first ? 0 : 1].second;
  const std::string& purpose = (*query)[subject_first ? 1 : 0].second;
  const Call call = start_call(state, exchange);
  const auto found = history(state, call, subject, purpose);
  if (found.has_error() && found.error().malformed) {
    answer_error(exchange, make_error(ErrorCode::kInvalid, found.error().detail));
    return;
  }
  auto recordable = found.has_error()
                        ? read_path::record(state.environment(), call, found.error())
                        : record_history(state, call, found->first, purpose, found->second);
  if (recordable.has_error()) {
    answer_error(exchange, recordable.error());
    return;
  }
  record_and_answer(state, exchange, std::move(*recordable));
}

}  // namespace fieldgate::api
