// Any bytes as a policy file: loading ends with a policy or with an error, and what loads can be
// linted, tested, shown, compared and asked.
#include <fieldgate/policy/diff.h>
#include <fieldgate/policy/engine.h>
#include <fieldgate/policy/load.h>
#include <fieldgate/policy/review.h>
#include <fieldgate/policy/show.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fieldgate;
  using namespace fieldgate::policy;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const LoadResult result = load_policy({{"fuzz.yaml", text}});
  if ((result.policy == nullptr) != has_errors(result.findings)) {
    std::abort();
  }
  for (const Diagnostic& finding : result.findings) {
    (void)format_diagnostic(finding);
  }
  if (result.policy == nullptr) {
    return 0;
  }
  (void)lint_policy(*result.policy, {});
  (void)run_policy_tests(*result.policy);
  (void)show_markdown(*result.policy);
  (void)show_html(*result.policy);
  (void)show_matrix(*result.policy);
  const PolicyDiff same = diff_policies(*result.policy, *result.policy);
  if (!same.changes.empty() || !same.rules.empty()) {
    std::abort();  // nothing changed
  }
  (void)explain_request(*result.policy, text, "fuzz.yaml");
  const Engine engine(result.policy);
  for (std::size_t purpose = 0; purpose < result.policy->purposes().size(); ++purpose) {
    Question question;
    question.app = 0;
    question.purpose = static_cast<PurposeIndex>(purpose);
    question.all_fields = true;
    const Decision decision = engine.decide(question, PersonFacts{});
    if (!decision.released.empty()) {
      std::abort();  // nothing is held, so nothing can be released
    }
  }
  return 0;
}
