#include "gateway/read_path/record_parts.h"

#include "gateway/http/problem.h"

namespace fieldgate::read_path {

namespace {

constexpr std::string_view kDecided = "decided:";

std::string_view basis_word(policy::Basis basis) {
  switch (basis) {
    case policy::Basis::kConsent:
      return "consent";
    case policy::Basis::kContract:
      return "contract";
    case policy::Basis::kLegalObligation:
      return "legal-obligation";
    case policy::Basis::kVitalInterest:
      return "vital-interest";
    case policy::Basis::kPublicTask:
      return "public-task";
    case policy::Basis::kLegitimateInterest:
      return "legitimate-interest";
  }
  return {};
}

}  // namespace

std::string_view decided_word(policy::TransformKind kind) {
  switch (kind) {
    case policy::TransformKind::kShow:
      return "decided:show";
    case policy::TransformKind::kMaskLast4:
      return "decided:mask:last-4";
    case policy::TransformKind::kYear:
      return "decided:generalise:year";
    case policy::TransformKind::kBand10:
      return "decided:generalise:band-10";
    case policy::TransformKind::kPrefix2:
      return "decided:generalise:prefix-2";
    case policy::TransformKind::kCity:
      return "decided:generalise:city";
    case policy::TransformKind::kCountry:
      return "decided:generalise:country";
    case policy::TransformKind::kPseudonymise:
      return "decided:pseudonymise";
    case policy::TransformKind::kRound2:
      return "decided:round:2";
  }
  return "decided:withheld";
}

std::string_view transform_word(policy::TransformKind kind) {
  return decided_word(kind).substr(kDecided.size());
}

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
    record.basis = basis_word(set.purposes()[purpose].basis);
  }
  return record;
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
