// What a policy says about itself: its in-file tests, and the explanation of one decision.
#pragma once

#include <fieldgate/policy/engine.h>
#include <fieldgate/policy/load.h>

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

struct TestReport {
  std::vector<TestOutcome> tests;
  std::vector<std::string> tested_purposes;
  std::vector<std::string> untested_purposes;
};

/// The answer to a read that names a field which the policy does not have: nothing is released, and
/// every known field of the question is withheld for the same reason.
[[nodiscard]] Decision refuse_unknown_field(const Question& question);

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
