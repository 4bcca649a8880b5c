#include "gateway/cli/policy_commands.h"

#include "gateway/cli/common.h"
#include "gateway/cli/policy_bundle_commands.h"
#include "gateway/cli/policy_commands_coverage.h"
#include "gateway/cli/policy_commands_log.h"
#include "gateway/cli/policy_commands_output.h"
#include "gateway/cli/policy_commands_review.h"

#include <fieldgate/policy/load.h>
#include <fieldgate/policy/review.h>
#include <fieldgate/policy/yaml.h>

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <tuple>

namespace fieldgate::cli {

namespace {

namespace json = boost::json;
using policy::Decision;
using policy::PolicySet;
using policy::PolicySnapshot;
using policy::PurposeIndex;
using policy::Transform;
using policy::TransformKind;

struct Options {
  std::string directory;
  std::string request;
  std::string format = "text";
  bool as_json = false;
  bool strict = false;
};

int check(const Options& options) {
  const policy::LoadResult loaded = policy::check_policy_directory(options.directory);
  const std::vector<Diagnostic>& findings = loaded.findings;
  const bool failed = has_errors(findings) || loaded.policy == nullptr;
  if (options.as_json || options.format != "text") {
    print_json(options.format == "sarif" ? findings_sarif(findings, options.directory)
                                         : findings_json(findings));
    return failed ? kExitFinding : kExitOk;
  }
  print_findings(findings, options.directory, std::cout);
  if (failed) {
    std::size_t errors = 0;
    for (const Diagnostic& finding : findings) {
      errors += finding.severity == Severity::kError ? 1U : 0U;
    }
    std::cout << count_words(errors, "error") << ", "
              << count_words(findings.size() - errors, "warning") << '\n';
    return kExitFinding;
  }
  const PolicySet& set = *loaded.policy;
  std::cout << "policy " << set.version()
            << " is valid: " << count_words(set.fields().size(), "field") << ", "
            << count_words(set.purposes().size(), "purpose") << ", "
            << count_words(set.apps().size(), "app") << ", "
            << count_words(findings.size(), "warning") << '\n';
  return kExitOk;
}

int test(const Options& options) {
  const PolicySnapshot set = load_or_report(options.directory, options.as_json);
  if (set == nullptr) {
    return kExitFinding;
  }
  const policy::TestReport report = policy::run_policy_tests(*set);
  std::size_t failed = 0;
  json::array list;
  for (const policy::TestOutcome& outcome : report.tests) {
    failed += outcome.pass ? 0U : 1U;
    if (options.as_json) {
      list.push_back(json::object{{"it", outcome.it},
                                  {"file", outcome.where.file},
                                  {"line", outcome.where.line},
                                  {"pass", outcome.pass},
                                  {"expected", outcome.expected},
                                  {"got", outcome.got}});
    } else if (!outcome.pass) {
      std::cout << (std::filesystem::path(options.directory) / outcome.where.file).string() << ':'
                << outcome.where.line << ": failed: " << outcome.it << "\n  expected "
                << outcome.expected << "\n  got      " << outcome.got << '\n';
    }
  }
  const std::vector<Diagnostic> untested = untested_purposes(report.coverage, options.strict);
  const int code = failed != 0 || has_errors(untested) ? kExitFinding : kExitOk;
  if (options.as_json) {
    print_json({{"tests", std::move(list)}, {"coverage", coverage_json(report.coverage)}});
    return code;
  }
  std::cout << count_words(report.tests.size(), "test") << ", " << failed << " failed\n";
  print_coverage(report.coverage, options.directory);
  print_findings(untested, options.directory, std::cout);
  return code;
}

json::object transform_json(const PolicySet& set, const Transform& transform) {
  switch (transform.kind) {
    case TransformKind::kShow:
      return {};
    case TransformKind::kMaskLast4:
      return {{"mask", "last-4"}};
    case TransformKind::kYear:
      return {{"generalise", "year"}};
    case TransformKind::kBand10:
      return {{"generalise", "band-10"}};
    case TransformKind::kPrefix2:
      return {{"generalise", "prefix-2"}};
    case TransformKind::kCity:
      return {{"generalise", "city"}};
    case TransformKind::kCountry:
      return {{"generalise", "country"}};
    case TransformKind::kPseudonymise:
      return {{"pseudonymise", set.domains().at(transform.domain)}};
    case TransformKind::kRound2:
      return {{"round", 2}};
  }
  return {};
}

json::object reason_json(policy::ReasonCode code) {
  return {{"code", json::string(policy::reason_name(code))},
          {"because", json::string(policy::reason_because(code))}};
}

json::object explanation_json(const PolicySet& set, const policy::Explanation& explanation) {
  const Decision& decision = explanation.decision;
  json::array fields;
  json::object transforms;
  decision.released.for_each([&](FieldIndex field) {
    const std::string& name = set.fields()[field].name;
    fields.push_back(json::value(name));
    json::object transform = transform_json(set, set.transform(explanation.purpose, field));
    if (!transform.empty()) {
      transforms[name] = std::move(transform);
    }
  });
  json::object withheld;
  decision.withheld.for_each([&](FieldIndex field) {
    withheld[set.fields()[field].name] = reason_json(decision.reasons[field]);
  });
  for (const std::string& name : explanation.unknown_fields) {
    withheld[name] = reason_json(policy::ReasonCode::kUnknownField);
  }
  json::array rules;
  for (const policy::RuleTrace& rule : explanation.rules) {
    rules.push_back(json::object{{"rule", rule.rule},
                                 {"file", rule.where.file},
                                 {"line", rule.where.line},
                                 {"says", rule.says}});
  }
  json::value code(nullptr);
  if (decision.code != policy::ReasonCode::kNone) {
    code = json::string(policy::reason_name(decision.code));
  }
  return {{"decision", json::string(policy::outcome_name(decision.outcome))},
          {"fields", std::move(fields)},
          {"transforms", std::move(transforms)},
          {"withheld", std::move(withheld)},
          {"code", std::move(code)},
          {"rules", std::move(rules)}};
}

// "generalise: year", as the policy writes it; empty for a value that is shown.
std::string transform_words(const json::object& transform) {
  std::string words;
  for (const auto& [key, value] : transform) {
    words += std::string(key) + ": ";
    words += value.is_string() ? std::string(value.as_string()) : json::serialize(value);
  }
  return words;
}

void print_explanation(const PolicySet& set, const policy::Explanation& explanation,
                       const std::filesystem::path& directory) {
  const Decision& decision = explanation.decision;
  std::cout << policy::outcome_name(decision.outcome);
  if (decision.code != policy::ReasonCode::kNone) {
    std::cout << ": " << policy::reason_name(decision.code) << " ("
              << policy::reason_because(decision.code) << ')';
  }
  std::cout << '\n';
  decision.released.for_each([&](FieldIndex field) {
    std::cout << "  gives " << set.fields()[field].name;
    const std::string form =
        transform_words(transform_json(set, set.transform(explanation.purpose, field)));
    std::cout << (form.empty() ? "" : " (" + form + ")") << '\n';
  });
  const auto withhold = [](const std::string& name, policy::ReasonCode code) {
    std::cout << "  withholds " << name << ": " << policy::reason_name(code) << " ("
              << policy::reason_because(code) << ")\n";
  };
  decision.withheld.for_each(
      [&](FieldIndex field) { withhold(set.fields()[field].name, decision.reasons[field]); });
  for (const std::string& name : explanation.unknown_fields) {
    withhold(name, policy::ReasonCode::kUnknownField);
  }
  std::cout << "rules that spoke:\n";
  for (const policy::RuleTrace& rule : explanation.rules) {
    std::cout << "  " << rule.rule;
    if (rule.where.line > 0) {
      std::cout << ' ' << (directory / rule.where.file).string() << ':' << rule.where.line;
    }
    std::cout << ": " << rule.says << '\n';
  }
}

bool read_request(const std::string& path, std::string& text) {
  std::error_code status;
  if (!std::filesystem::is_regular_file(path, status)) {
    return false;
  }
  std::ifstream stream(path, std::ios::binary);
  text.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  return stream.good() || stream.eof();
}

int explain(const Options& options) {
  const PolicySnapshot set = load_or_report(options.directory, options.as_json);
  if (set == nullptr) {
    return kExitFinding;
  }
  std::string text;
  if (!read_request(options.request, text)) {
    return fail(
        make_error(ErrorCode::kInvalid, "cannot read the request `" + options.request + '`'));
  }
  const policy::ExplainResult result = policy::explain_request(*set, text, options.request);
  if (!result.explanation) {
    if (options.as_json) {
      print_json(findings_json(result.findings));
    } else {
      for (const Diagnostic& finding : result.findings) {
        std::cerr << format_diagnostic(finding) << '\n';
      }
    }
    return kExitWrongUse;
  }
  if (options.as_json) {
    print_json(explanation_json(*set, *result.explanation));
  } else {
    print_explanation(*set, *result.explanation, options.directory);
  }
  return kExitOk;
}

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& says,
                      const std::shared_ptr<Options>& options, int& exit_code,
                      int (*run)(const Options&)) {
  CLI::App* command = parent.add_subcommand(name, says);
  command->add_option("DIR", options->directory, "the directory with the policy's *.yaml files")
      ->required();
  command->add_flag("--json", options->as_json, "print one JSON object");
  command->callback([options, &exit_code, run] {
    exit_code = is_directory_or_report(options->directory) ? run(*options) : kExitWrongUse;
  });
  return command;
}

}  // namespace

void add_policy_commands(CLI::App& app, int& exit_code) {
  CLI::App* group = app.add_subcommand("policy", "check, test, compare and explain policies");
  group->require_subcommand(1);
  const auto options = std::make_shared<Options>();
  add_command(*group, "check", "report every fault with its place", options, exit_code, check)
      ->add_option("--format", options->format, "text, json or sarif (2.1.0, for code review)")
      ->check(CLI::IsMember({"text", "json", "sarif"}));
  add_command(*group, "test", "run the tests that the policy itself holds", options, exit_code,
              test)
      ->add_flag("--strict", options->strict, "fail when no test asks for a purpose");
  add_command(*group, "explain", "decide one request and name every rule that spoke", options,
              exit_code, explain)
      ->add_option("--request", options->request, "one entry of `tests` without `expect`")
      ->required();
  add_policy_review_commands(*group, exit_code);
  add_policy_bundle_commands(*group, exit_code);
  add_policy_log_commands(*group, exit_code);
}

}  // namespace fieldgate::cli
