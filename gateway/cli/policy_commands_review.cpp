#include "gateway/cli/policy_commands_review.h"

#include "gateway/cli/common.h"
#include "gateway/cli/policy_commands_output.h"

#include <fieldgate/policy/diff.h>
#include <fieldgate/policy/show.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <fstream>
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

struct ShowOptions {
  std::string directory;
  std::string purpose;
  std::string format = "markdown";
  std::string matrix;
};

int show(const ShowOptions& options) {
  if (!is_directory_or_report(options.directory)) {
    return kExitWrongUse;
  }
  const policy::PolicySnapshot set = load_or_report(options.directory, false);
  if (set == nullptr) {
    return kExitFinding;
  }
  policy::PurposeIndex only = policy::kUnknownIndex;
  if (!options.purpose.empty()) {
    only = set->purpose(options.purpose);
    if (only == policy::kUnknownIndex) {
      std::cerr << "error: the policy has no purpose `" << options.purpose << "`\n";
      return kExitWrongUse;
    }
  }
  if (!options.matrix.empty()) {
    std::ofstream file(options.matrix, std::ios::binary | std::ios::trunc);
    file << policy::show_matrix(*set);
    file.close();
    if (!file) {
      std::cerr << "error: cannot write `" << options.matrix << "`\n";
      return kExitWrongUse;
    }
  }
  std::cout << (options.format == "html" ? policy::show_html(*set, only)
                                         : policy::show_markdown(*set, only));
  return kExitOk;
}

void add_show_command(CLI::App& group, int& exit_code) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App* command = group.add_subcommand("show", "print one readable page for each purpose");
  command->add_option("DIR", options->directory, "the directory with the policy's *.yaml files")
      ->required();
  command->add_option("--purpose", options->purpose, "this purpose alone");
  command->add_option("--format", options->format, "markdown or html")
      ->check(CLI::IsMember({"markdown", "html"}));
  command->add_option("--matrix", options->matrix, "also draw apps by fields into this SVG file");
  command->callback([options, &exit_code] { exit_code = show(*options); });
}

void add_diff_command(CLI::App& group, int& exit_code) {
  const auto options = std::make_shared<DiffOptions>();
  CLI::App* command =
      group.add_subcommand("diff", "say who gains or loses what from one policy to another");
  command->add_option("OLD", options->was, "the directory of the policy in force")->required();
  command->add_option("NEW", options->is, "the directory of the policy to come")->required();
  command->add_flag("--json", options->as_json, "print one JSON object");
  command->callback([options, &exit_code] { exit_code = diff(*options); });
}

}  // namespace

void add_policy_review_commands(CLI::App& group, int& exit_code) {
  add_diff_command(group, exit_code);
  add_show_command(group, exit_code);
}

}  // namespace fieldgate::cli
