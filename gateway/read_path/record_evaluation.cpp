// Stage 7 of an evaluation: what is recorded and told about a decision that releases nothing. Its
// record is a search, not a read, names its door and says `decided:` before every form, so that
// nobody takes it for a release.
#include "gateway/http/problem.h"
#include "gateway/read_path/outcome_words.h"
#include "gateway/read_path/record_parts.h"
#include "gateway/read_path/stages.h"

#include <algorithm>

namespace fieldgate::read_path {

namespace {

constexpr std::string_view kDoor = "evaluation";
constexpr std::string_view kDecided = "decided:";
/// `context` and the answer itself.
constexpr unsigned kOpenObjects = 2;

audit::RecordFields start_evaluation(const Call& call, policy::PurposeIndex purpose) {
  audit::RecordFields record = start_record(call, purpose);
  record.type = audit::RecordType::kSearch;
  record.door = kDoor;
  const policy::AppIndex about = acting_app(call);
  const policy::PolicySet& set = call.policy->set();
  if (about < set.apps().size() && set.apps()[about].name != record.app) {
    record.about_app = set.apps()[about].name;
  }
  return record;
}

std::string start_body(const Call& call, bool permitted) {
  std::string body = permitted ? "{\"decision\":true" : "{\"decision\":false";
  body += ",\"context\":{\"record\":";
  http::append_json_string(body, call.record_id);
  return body;
}

void append_denial(std::string& body, policy::ReasonCode code, std::string_view reason) {
  body += ',';
  append_reason(body, code);
  append_member(body, "reason", reason);
}

// "generalise:band-10" becomes {"generalise":"band-10"}, as the policy writes it.
void append_form(std::string& body, const policy::PolicySet& set, policy::Transform transform) {
  const std::string_view word = transform_word(transform.kind);
  const std::size_t colon = std::min(word.find(':'), word.size());
  body += '{';
  http::append_json_string(body, word.substr(0, colon));
  body += ':';
  if (transform.kind == policy::TransformKind::kRound2) {
    body += word.substr(colon + 1);  // a number
  } else {
    http::append_json_string(body, transform.kind == policy::TransformKind::kPseudonymise
                                       ? std::string_view(set.domains()[transform.domain])
                                       : word.substr(colon + 1));
  }
  body += '}';
}

class List {
 public:
  explicit List(std::string& body) : body_(body) {}
  void next() {
    body_ += first_ ? "" : ",";
    first_ = false;
  }

 private:
  std::string& body_;
  bool first_ = true;
};

void append_fields(std::string& body, const policy::PolicySet& set,
                   const policy::Decision& decision) {
  body += ",\"fields\":{";
  List list(body);
  decision.released.for_each([&](FieldIndex field) {
    list.next();
    http::append_json_string(body, set.fields()[field].name);
    body += ":{\"outcome\":\"permitted\"}";
  });
  decision.withheld.for_each([&](FieldIndex field) {
    list.next();
    http::append_json_string(body, set.fields()[field].name);
    body += ":{\"outcome\":\"withheld\",";
    append_reason(body, decision.reasons[field]);
    body += '}';
  });
  body += '}';
}

void append_obligations(std::string& body, const policy::PolicySet& set,
                        policy::PurposeIndex purpose, const FieldSet& released) {
  body += ",\"obligations\":[";
  List list(body);
  released.for_each([&](FieldIndex field) {
    const policy::Transform transform = set.transform(purpose, field);
    if (transform.kind == policy::TransformKind::kShow) {
      return;
    }
    list.next();
    body += "{\"field\":";
    http::append_json_string(body, set.fields()[field].name);
    body += ",\"apply\":";
    append_form(body, set, transform);
    body += '}';
  });
  body += ']';
}

// Codes are numbered in the order in which a refusal names them.
policy::ReasonCode first_reason(const policy::Decision& decision) {
  policy::ReasonCode first = policy::ReasonCode::kCannotDecide;
  decision.withheld.for_each(
      [&](FieldIndex field) { first = std::min(first, decision.reasons[field]); });
  return first;
}

}  // namespace

Result<Evaluated> record_evaluation(Environment& environment, const Call& call, Decided decided) {
  const policy::PolicySet& set = call.policy->set();
  const policy::Question& question = decided.claim.question;
  const policy::Decision& decision = decided.decision;
  // Whoever looks at nothing but `decision` takes a yes for all the fields that were named.
  const bool permitted = question.all_fields ? decision.outcome != policy::Outcome::kDeny
                                             : decision.outcome == policy::Outcome::kAllow;
  const policy::ReasonCode code = first_reason(decision);

  std::vector<std::string> forms;
  forms.reserve(decision.released.count());  // the outcomes are views of them
  std::vector<audit::FieldOutcome> outcomes;
  decision.released.for_each([&](FieldIndex field) {
    forms.emplace_back(kDecided) += transform_word(set.transform(question.purpose, field).kind);
    outcomes.push_back({set.fields()[field].name, forms.back()});
  });
  decision.withheld.for_each([&](FieldIndex field) {
    outcomes.push_back({set.fields()[field].name, policy::reason_name(decision.reasons[field])});
  });
  const crypto::SubjectTag tag = environment.audit_key.tag(call.record_id, decided.subject);
  audit::RecordFields fields = start_evaluation(call, question.purpose);
  fields.decision = policy::outcome_name(permitted ? decision.outcome : policy::Outcome::kDeny);
  fields.code = permitted ? std::string_view() : policy::reason_name(code);
  fields.subject_tag = tag;
  fields.sealed = decided.inputs;
  fields.fields = outcomes;

  Evaluated evaluated;
  evaluated.permitted = permitted;
  FIELDGATE_CHECK_OK(audit::write_record(evaluated.recordable.line, fields));
  std::string body = start_body(call, permitted);
  append_member(body, "purpose", set.purposes()[question.purpose].name);
  append_member(body, "policy", set.version());
  if (!permitted) {
    append_denial(body, code, "not every field that was named may be given");
  }
  append_fields(body, set, decision);
  if (permitted) {
    append_obligations(body, set, question.purpose, decision.released);
    body += ',';
    append_terms(body, set.purposes()[question.purpose], decision);
  }
  evaluated.recordable.answer = {200, std::move(body), kOpenObjects};
  return evaluated;
}

Result<Evaluated> record_evaluation(Environment& environment, const Call& call,
                                    const Refusal& refusal) {
  Evaluated evaluated;
  FIELDGATE_TRY(evaluated.recordable.line,
                write_refusal(environment, call, start_evaluation(call, refusal.purpose), refusal));
  std::string body = start_body(call, false);
  append_member(body, "policy", call.policy->set().version());
  append_denial(body, refusal.code, refusal.detail);
  evaluated.recordable.answer = {200, std::move(body), kOpenObjects};
  return evaluated;
}

}  // namespace fieldgate::read_path
