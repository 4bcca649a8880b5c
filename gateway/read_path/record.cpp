// Stage 7: the audit record of a read, and the answer that waits for it. A record holds names and
// outcomes of fields, never a value, an identifier or an address (product promise 10).
#include "gateway/http/problem.h"
#include "gateway/read_path/outcome_words.h"
#include "gateway/read_path/record_parts.h"
#include "gateway/read_path/stages.h"

namespace fieldgate::read_path {

namespace {

std::string_view title(const Refusal& refusal) {
  switch (refusal.status) {
    case 400:
      return "Bad request";
    case 403:
      return "Not permitted";
    case 404:
      return "No such person";
    default:
      return "Cannot answer now";
  }
}

std::string_view problem_type(const Refusal& refusal) {
  switch (refusal.status) {
    case 400:
      return "bad-request";
    case 403:
      return "not-permitted";
    case 404:
      return "no-such-person";
    default:
      return "unavailable";
  }
}

std::string open_answer(const Call& call, const Shaped& shaped) {
  const policy::PolicySet& set = call.policy->set();
  const policy::Purpose& purpose = set.purposes()[shaped.claim.question.purpose];
  std::string body;
  body.reserve(512 + shaped.fields_json.size());
  body += "{\"subject\":\"";
  body += shaped.claim.pseudonyms->encode(shaped.subject);
  body += '"';
  append_member(body, "purpose", purpose.name);
  append_member(body, "policy", set.version());
  body += ",\"fields\":";
  body += shaped.fields_json;
  body += ",\"withheld\":{";
  bool first = true;
  shaped.decision.withheld.for_each([&](FieldIndex field) {
    body += first ? "" : ",";
    first = false;
    http::append_json_string(body, set.fields()[field].name);
    body += ":{";
    append_reason(body, shaped.decision.reasons[field]);
    body += '}';
  });
  body += "},";
  append_terms(body, purpose, shaped.decision);
  return body;
}

}  // namespace

Result<Recordable> record(Environment& environment, const Call& call, Shaped shaped) {
  const policy::PolicySet& set = call.policy->set();
  const policy::PurposeIndex purpose = shaped.claim.question.purpose;
  thread_local std::vector<audit::FieldOutcome> outcomes;
  outcomes.clear();
  shaped.decision.released.for_each([&](FieldIndex field) {
    outcomes.push_back(
        {set.fields()[field].name, transform_word(set.transform(purpose, field).kind)});
  });
  shaped.decision.withheld.for_each([&](FieldIndex field) {
    outcomes.push_back(
        {set.fields()[field].name, policy::reason_name(shaped.decision.reasons[field])});
  });
  const crypto::SubjectTag tag = environment.audit_key.tag(call.record_id, shaped.subject);
  audit::RecordFields fields = start_record(call, purpose);
  fields.type = audit::RecordType::kRead;
  fields.decision = policy::outcome_name(shaped.decision.outcome);
  fields.subject_tag = tag;
  fields.sealed = shaped.inputs;
  fields.fields = outcomes;
  Recordable recordable;
  recordable.line.reserve(kUsualRecordBytes);
  FIELDGATE_CHECK_OK(audit::write_record(recordable.line, fields));
  recordable.answer = {200, open_answer(call, shaped)};
  return recordable;
}

Result<Recordable> record(Environment& environment, const Call& call, const Refusal& refusal) {
  audit::RecordFields start = start_record(call, refusal.purpose);
  start.type = audit::RecordType::kDeny;
  Recordable recordable;
  FIELDGATE_TRY(recordable.line, write_refusal(environment, call, start, refusal));
  std::string body = "{\"type\":\"urn:fieldgate:problem:";
  body += problem_type(refusal);
  body += '"';
  append_member(body, "title", title(refusal));
  body += ",\"status\":" + std::to_string(refusal.status);
  append_member(body, "detail", refusal.detail);
  append_member(body, "instance",
                std::string(http::kInstancePrefix) + std::string(call.request_id));
  body += ',';
  append_reason(body, refusal.code);
  recordable.answer = {refusal.status, std::move(body)};
  return recordable;
}

}  // namespace fieldgate::read_path
