// What a policy says about itself: its in-file tests, and the explanation of one decision.
#pragma once

#include <fieldgate/policy/engine.h>
#include <fieldgate/policy/load.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::policy {

struct TestOutcome {
  std::string it;
  SourcePosition where;
  bool pass = false;
  std::string expected;  ///< in words: "deny, code consent-withdrawn"
  std::string got;
};

struct FieldCoverage {
  std::string field;
  std::size_t shown = 0;     ///< tests that expect it to be given
  std::size_t withheld = 0;  ///< tests that expect it to be refused
};
struct PurposeCoverage {
  std::string purpose;
  SourcePosition where;
  std::string basis;  ///< as the policy writes it
  std::size_t tests = 0;
  std::size_t giving = 0;             ///< tests that expect at least one field
  std::size_t refusing = 0;           ///< tests that expect none
  std::vector<ReasonCode> codes;      ///< expected reasons, in the order in which they are named
  std::vector<FieldCoverage> fields;  ///< those of the purpose, in the order of the policy
};
struct BasisCoverage {
  std::string basis;
  std::size_t purposes = 0;
  std::size_t tests = 0;
  std::size_t giving = 0;
  std::size_t refusing = 0;
};
/// What the tests speak of, counted by what they expect, so that it does not depend on the engine.
struct Coverage {
  std::vector<PurposeCoverage> purposes;  ///< all, in the order of the policy
  std::vector<BasisCoverage> bases;       ///< those that a purpose has, in the order of 6(1)
};

struct TestReport {
  std::vector<TestOutcome> tests;
  Coverage coverage;
};

/// The answer to a read that names a field which the policy does not have: nothing is released, and
/// every known field of the question is withheld for the same reason.
[[nodiscard]] Decision refuse_unknown_field(const Question& question);

/// What the policy's own `tests` speak of. Pure.
[[nodiscard]] Coverage test_coverage(const PolicySet& policy);

/// Runs the policy's own `tests`. Pure.
[[nodiscard]] TestReport run_policy_tests(const PolicySet& policy);

struct Explanation {
  Decision decision;
  PurposeIndex purpose = kUnknownIndex;
  std::vector<RuleTrace> rules;
  std::vector<std::string> unknown_fields;  ///< asked by a name that the policy does not have
};
struct ExplainResult {
  std::optional<Explanation> explanation;
  std::vector<Diagnostic> findings;  ///< what is wrong with the request file
};
/// Explains one entry of the form of `tests` without `expect` (YAML or JSON). Pure.
[[nodiscard]] ExplainResult explain_request(const PolicySet& policy, std::string_view request,
                                            const std::string& file);

}  // namespace fieldgate::policy
