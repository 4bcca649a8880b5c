#include "policy/decide/decision.h"
#include "policy/model/compiled_policy.h"

#include <fieldgate/policy/review.h>

#include <algorithm>

namespace fieldgate::policy {

namespace {

std::vector<std::string> names_of(const CompiledPolicy& policy, const FieldSet& fields) {
  std::vector<std::string> names;
  fields.for_each([&](FieldIndex field) { names.push_back(policy.fields_[field].name); });
  return names;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += text.empty() ? "" : " ";
    text += word;
  }
  return text;
}

using Withheld = std::vector<std::pair<std::string, ReasonCode>>;

std::string join(const Withheld& withheld) {
  std::string text;
  for (const auto& [field, code] : withheld) {
    text += text.empty() ? "" : " ";
    text += field + '=' + std::string(reason_name(code));
  }
  return text;
}

std::string sentence(std::string_view outcome, std::optional<ReasonCode> code,
                     const std::optional<std::vector<std::string>>& fields,
                     const Withheld& withheld) {
  std::string text(outcome);
  const auto add = [&text](const std::string& part) { text += text.empty() ? part : ", " + part; };
  if (code && *code != ReasonCode::kNone) {
    add("code " + std::string(reason_name(*code)));
  }
  if (fields && !fields->empty()) {
    add("fields " + join(*fields));
  } else if (fields) {
    add("no fields");
  }
  if (!withheld.empty()) {
    add("withheld " + join(withheld));
  }
  return text;
}

bool same_set(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

bool meets(const Expectation& expect, const Decision& decision,
           const std::vector<std::string>& released, const Withheld& withheld) {
  if (expect.outcome && *expect.outcome != decision.outcome) {
    return false;
  }
  if (expect.code && *expect.code != decision.code) {
    return false;
  }
  if (expect.fields && !same_set(*expect.fields, released)) {
    return false;
  }
  return std::all_of(expect.withheld.begin(), expect.withheld.end(), [&](const auto& wanted) {
    return std::find(withheld.begin(), withheld.end(), wanted) != withheld.end();
  });
}

TestOutcome run_one(const CompiledPolicy& policy, const Engine& engine, const TestCase& test) {
  Decision decision = engine.decide(test.question(), test.person.facts());
  Withheld withheld;
  if (!test.unknown_fields.empty()) {
    decision = refuse_unknown_field(test.question());
    for (const std::string& name : test.unknown_fields) {
      withheld.emplace_back(name, ReasonCode::kUnknownField);
    }
  }
  const std::vector<std::string> released = names_of(policy, decision.released);
  decision.withheld.for_each([&](FieldIndex field) {
    withheld.emplace_back(policy.fields_[field].name, decision.reasons[field]);
  });
  TestOutcome outcome;
  outcome.it = test.it;
  outcome.where = policy.position(test.where);
  outcome.pass = meets(test.expect, decision, released, withheld);
  outcome.expected =
      sentence(test.expect.outcome ? outcome_name(*test.expect.outcome) : std::string_view{},
               test.expect.code, test.expect.fields, test.expect.withheld);
  outcome.got = sentence(outcome_name(decision.outcome), decision.code, released, withheld);
  return outcome;
}

}  // namespace

Decision refuse_unknown_field(const Question& question) {
  return refuse(question, ReasonCode::kUnknownField);
}

TestReport run_policy_tests(const PolicySet& policy) {
  TestReport report;
  const CompiledPolicy* compiled = as_compiled(&policy);
  if (compiled == nullptr) {
    return report;
  }
  // The engine shares ownership; the caller's reference outlives it.
  const Engine engine(PolicySnapshot(PolicySnapshot{}, &policy));
  for (const TestCase& test : compiled->tests_) {
    report.tests.push_back(run_one(*compiled, engine, test));
  }
  report.coverage = test_coverage(policy);
  return report;
}

}  // namespace fieldgate::policy
