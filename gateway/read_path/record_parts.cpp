#include "gateway/read_path/record_parts.h"

#include "gateway/http/problem.h"

namespace fieldgate::read_path {

audit::RecordFields start_record(const Call& call, policy::PurposeIndex purpose) {
  const policy::PolicySet& set = call.policy->set();
  audit::RecordFields record;
  record.id = call.record_id;
  record.time = call.now;
  record.app = call.principal->app;
  record.credential = call.principal->credential;
  record.policy = set.version();
  record.policy_digest = call.policy->digest();
  record.request_id = call.request_id;
  if (purpose < set.purposes().size()) {
    record.purpose = set.purposes()[purpose].name;
    record.basis = policy::basis_name(set.purposes()[purpose].basis);
  }
  return record;
}

Result<std::string> write_refusal(Environment& environment, const Call& call,
                                  audit::RecordFields start, const Refusal& refusal) {
  start.decision = policy::outcome_name(policy::Outcome::kDeny);
  start.code = policy::reason_name(refusal.code);
  crypto::SubjectTag tag{};
  if (refusal.subject) {
    tag = environment.audit_key.tag(call.record_id, *refusal.subject);
    start.subject_tag = tag;
    start.sealed = refusal.inputs;
  }
  std::string line;
  line.reserve(kUsualRecordBytes);
  FIELDGATE_CHECK_OK(audit::write_record(line, start));
  return line;
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  http::append_json_string(out, text);
}

void append_reason(std::string& out, policy::ReasonCode code) {
  out += "\"code\":\"";
  out += policy::reason_name(code);
  out += "\",\"because\":\"";
  out += policy::reason_because(code);
  out += '"';
}

void append_terms(std::string& out, const policy::Purpose& purpose,
                  const policy::Decision& decision) {
  out += "\"terms\":{";
  if (decision.retain_until) {
    out += "\"retain_until\":\"";
    out += format_date(Date{std::chrono::floor<std::chrono::days>(*decision.retain_until)});
    out += "\",";
  }
  // Passing on is permitted only to recipients that the purpose itself names.
  out += purpose.recipients.empty() ? "\"share\":\"no\"}" : "\"share\":\"named-recipients\"}";
}

}  // namespace fieldgate::read_path
