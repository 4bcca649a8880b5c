#include "policy/load/test_case.h"
#include "policy/model/compiled_policy.h"

#include <fieldgate/policy/review.h>
#include <fieldgate/policy/yaml.h>

namespace fieldgate::policy {

ExplainResult explain_request(const PolicySet& policy, std::string_view request,
                              const std::string& file) {
  ExplainResult result;
  const CompiledPolicy* compiled = as_compiled(&policy);
  const YamlDocument document = parse_yaml(request, file);
  result.findings = document.findings;
  if (compiled == nullptr || !result.findings.empty()) {
    return result;
  }
  const std::vector<std::string> files{file};
  NodeReader read(files, result.findings);
  const auto asked =
      read_test_case(*compiled, read, NodeRef{&document.node, 0}, CaseForm::kRequest, {});
  if (!asked) {
    return result;
  }
  Explanation explanation;
  explanation.purpose = asked->purpose;
  explanation.unknown_fields = asked->unknown_fields;
  const Engine engine(PolicySnapshot(PolicySnapshot{}, &policy));
  explanation.decision =
      engine.explain(asked->question(), asked->person.facts(), explanation.rules);
  if (!asked->unknown_fields.empty()) {
    explanation.decision = refuse_unknown_field(asked->question());
    for (const std::string& name : asked->unknown_fields) {
      explanation.rules.push_back(
          {"fields", {}, "the policy has no field `" + name + "`: refuses, unknown-field"});
    }
  }
  result.explanation = std::move(explanation);
  return result;
}

}  // namespace fieldgate::policy
