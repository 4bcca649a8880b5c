// What the tests of a policy speak of, and so what they leave open.
#include "policy/model/compiled_policy.h"
#include "policy/review/outline.h"

#include <fieldgate/policy/review.h>

#include <algorithm>

namespace fieldgate::policy {

namespace {

/// What one test expects of the fields of its purpose.
struct Expected {
  bool gives = false;
  bool refuses = false;
  FieldSet shown;
  FieldSet withheld;
};

void add(const CompiledPolicy& policy, const std::string& name, FieldSet& into) {
  const FieldIndex field = policy.field(name);
  if (field != kUnknownIndex) {
    into.set(field);
  }
}

Expected expected_of(const CompiledPolicy& policy, const TestCase& test) {
  const Expectation& expect = test.expect;
  const FieldSet& of_purpose = policy.purpose_rules_[test.purpose].fields;
  const FieldSet asked = test.all_fields ? of_purpose : test.asked;
  Expected made;
  FieldSet named;
  for (const std::string& name : expect.fields.value_or(std::vector<std::string>{})) {
    add(policy, name, named);
  }
  // A decision has a code of its own only when it gives nothing.
  made.refuses = expect.outcome == Outcome::kDeny || (expect.fields && expect.fields->empty()) ||
                 (expect.code && *expect.code != ReasonCode::kNone);
  made.gives = !made.refuses && (expect.outcome || !named.empty());
  if (made.refuses) {
    made.withheld = asked;
    return made;
  }
  for (const auto& [name, code] : expect.withheld) {
    add(policy, name, made.withheld);
  }
  if (expect.fields) {
    made.shown = named;
    made.withheld = made.withheld | (asked - named);
  } else if (expect.outcome == Outcome::kAllow) {
    made.shown = asked;
  }
  return made;
}

std::vector<ReasonCode> codes_of(const Expectation& expect) {
  std::vector<ReasonCode> codes;
  if (expect.code && *expect.code != ReasonCode::kNone) {
    codes.push_back(*expect.code);
  }
  for (const auto& [field, code] : expect.withheld) {
    codes.push_back(code);
  }
  return codes;
}

void count(const CompiledPolicy& policy, const TestCase& test, PurposeCoverage& into) {
  const Expected expected = expected_of(policy, test);
  ++into.tests;
  into.giving += expected.gives ? 1U : 0U;
  into.refusing += expected.refuses ? 1U : 0U;
  std::size_t at = 0;
  policy.purpose_rules_[test.purpose].fields.for_each([&](FieldIndex field) {
    into.fields[at].shown += expected.shown.test(field) ? 1U : 0U;
    into.fields[at].withheld += expected.withheld.test(field) ? 1U : 0U;
    ++at;
  });
  for (const ReasonCode code : codes_of(test.expect)) {
    const auto place = std::lower_bound(into.codes.begin(), into.codes.end(), code);
    if (place == into.codes.end() || *place != code) {
      into.codes.insert(place, code);
    }
  }
}

}  // namespace

Coverage test_coverage(const PolicySet& policy) {
  Coverage coverage;
  const CompiledPolicy* compiled = as_compiled(&policy);
  if (compiled == nullptr) {
    return coverage;
  }
  for (std::size_t i = 0; i < compiled->purposes_.size(); ++i) {
    const Purpose& purpose = compiled->purposes_[i];
    PurposeCoverage made;
    made.purpose = purpose.name;
    made.where = purpose.where;
    made.basis = basis_name(purpose.basis);
    compiled->purpose_rules_[i].fields.for_each(
        [&](FieldIndex field) { made.fields.push_back({compiled->fields_[field].name, 0, 0}); });
    coverage.purposes.push_back(std::move(made));
  }
  for (const TestCase& test : compiled->tests_) {
    if (test.purpose != kUnknownIndex) {
      count(*compiled, test, coverage.purposes[test.purpose]);
    }
  }
  for (int i = 0; i <= static_cast<int>(Basis::kLegitimateInterest); ++i) {
    BasisCoverage made;
    made.basis = basis_name(static_cast<Basis>(i));
    for (const PurposeCoverage& purpose : coverage.purposes) {
      if (purpose.basis == made.basis) {
        ++made.purposes;
        made.tests += purpose.tests;
        made.giving += purpose.giving;
        made.refusing += purpose.refusing;
      }
    }
    if (made.purposes > 0) {
      coverage.bases.push_back(made);
    }
  }
  return coverage;
}

}  // namespace fieldgate::policy
