#include "gateway/cli/policy_commands_review.h"

#include "gateway/cli/common.h"
#include "gateway/cli/policy_commands_output.h"

#include <fieldgate/policy/diff.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace fieldgate::cli {

namespace {

namespace json = boost::json;

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object diff_json(const policy::PolicyDiff& diff) {
  json::array changes;
  for (const policy::ReleaseChange& change : diff.changes) {
    changes.push_back(json::object{{"app", change.app},
                                   {"purpose", change.purpose},
                                   {"level", text_or_null(change.level)},
                                   {"field", change.field},
                                   {"was", text_or_null(change.was)},
                                   {"is", text_or_null(change.is)},
                                   {"effect", json::string(policy::effect_name(change.effect))}});
  }
  json::array rules;
  for (const policy::RuleChange& change : diff.rules) {
    rules.push_back(json::object{{"section", change.section},
                                 {"name", text_or_null(change.name)},
                                 {"key", change.key},
                                 {"was", text_or_null(change.was)},
                                 {"is", text_or_null(change.is)}});
  }
  return {{"was", diff.was_version},
          {"is", diff.is_version},
          {"changes", std::move(changes)},
          {"rules", std::move(rules)}};
}

struct DiffOptions {
  std::string was;
  std::string is;
  bool as_json = false;
};

int diff(const DiffOptions& options) {
  if (!is_directory_or_report(options.was) || !is_directory_or_report(options.is)) {
    return kExitWrongUse;
  }
  const policy::PolicySnapshot was = load_or_report(options.was, options.as_json);
  const policy::PolicySnapshot is =
      was == nullptr ? nullptr : load_or_report(options.is, options.as_json);
  if (is == nullptr) {
    return kExitFinding;
  }
  const policy::PolicyDiff found = policy::diff_policies(*was, *is);
  if (options.as_json) {
    print_json(diff_json(found));
  } else {
    std::cout << policy::describe_diff(found);
  }
  return kExitOk;
}

}  // namespace

void add_policy_review_commands(CLI::App& group, int& exit_code) {
  const auto options = std::make_shared<DiffOptions>();
  CLI::App* command =
      group.add_subcommand("diff", "say who gains or loses what from one policy to another");
  command->add_option("OLD", options->was, "the directory of the policy in force")->required();
  command->add_option("NEW", options->is, "the directory of the policy to come")->required();
  command->add_flag("--json", options->as_json, "print one JSON object");
  command->callback([options, &exit_code] { exit_code = diff(*options); });
}

}  // namespace fieldgate::cli
