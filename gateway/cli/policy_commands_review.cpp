#include "gateway/cli/policy_commands_review.h"

#include "gateway/cli/common.h"
#include "gateway/cli/policy_commands_output.h"

#include <fieldgate/policy/diff.h>
#include <fieldgate/policy/invariants.h>
#include <fieldgate/policy/schema.h>
#include <fieldgate/policy/show.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
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

struct InvariantOptions {
  std::string directory;
  bool as_json = false;
};

json::object invariant_json(const policy::InvariantResult& result) {
  json::value broken_by(nullptr);
  if (result.broken_by) {
    const policy::Counterexample& found = *result.broken_by;
    broken_by = json::object{{"app", found.app},         {"purpose", found.purpose},
                             {"field", found.field},     {"sees", found.sees},
                             {"file", found.where.file}, {"line", found.where.line},
                             {"request", found.request}};
  }
  return {{"it", result.it},
          {"file", result.where.file},
          {"line", result.where.line},
          {"holds", !result.broken_by.has_value()},
          {"broken_by", std::move(broken_by)}};
}

std::string place_words(const std::string& directory, const SourcePosition& where) {
  return (std::filesystem::path(directory) / where.file).string() + ':' +
         std::to_string(where.line);
}

void print_invariant(const std::string& directory, const policy::InvariantResult& result) {
  std::cout << place_words(directory, result.where) << ": "
            << (result.broken_by ? "broken: " : "holds: ") << result.it << '\n';
  if (result.broken_by) {
    const policy::Counterexample& found = *result.broken_by;
    std::cout << "  `" << found.app << "` sees of `" << found.field << "` " << found.sees
              << " for `" << found.purpose << "`, by " << place_words(directory, found.where)
              << "\n  for example with this request:\n";
    std::istringstream lines(found.request);
    for (std::string line; std::getline(lines, line);) {
      std::cout << "    " << line << '\n';
    }
  }
}

int invariants(const InvariantOptions& options) {
  if (!is_directory_or_report(options.directory)) {
    return kExitWrongUse;
  }
  const policy::PolicySnapshot set = load_or_report(options.directory, options.as_json);
  if (set == nullptr) {
    return kExitFinding;
  }
  std::size_t broken = 0;
  json::array list;
  const std::vector<policy::InvariantResult> results = policy::check_invariants(*set);
  for (const policy::InvariantResult& result : results) {
    broken += result.broken_by ? 1U : 0U;
    if (options.as_json) {
      list.push_back(invariant_json(result));
    } else {
      print_invariant(options.directory, result);
    }
  }
  if (options.as_json) {
    print_json({{"invariants", std::move(list)}});
  } else {
    std::cout << count_words(results.size(), "invariant") << ", " << broken << " broken\n";
  }
  return broken == 0 ? kExitOk : kExitFinding;
}

void add_invariants_command(CLI::App& group, int& exit_code) {
  const auto options = std::make_shared<InvariantOptions>();
  CLI::App* command =
      group.add_subcommand("invariants", "check the never-rules that the policy itself holds");
  command->add_option("DIR", options->directory, "the directory with the policy's *.yaml files")
      ->required();
  command->add_flag("--json", options->as_json, "print one JSON object");
  command->callback([options, &exit_code] { exit_code = invariants(*options); });
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
      return fail(
          make_error(ErrorCode::kInvalid, "the policy has no purpose `" + options.purpose + '`'));
    }
  }
  if (!options.matrix.empty()) {
    std::ofstream file(options.matrix, std::ios::binary | std::ios::trunc);
    file << policy::show_matrix(*set);
    file.close();
    if (!file) {
      return fail(make_error(ErrorCode::kUnavailable, "cannot write `" + options.matrix + '`'));
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
  add_invariants_command(group, exit_code);
  group.add_subcommand("schema", "print the JSON Schema of a policy file, for editors")
      ->callback([] { std::cout << policy::policy_schema(); });
}

}  // namespace fieldgate::cli
