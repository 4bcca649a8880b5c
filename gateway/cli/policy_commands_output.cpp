#include "gateway/cli/policy_commands_output.h"

#include <fieldgate/policy/load.h>

#include <boost/json.hpp>

#include <filesystem>
#include <iostream>

namespace fieldgate::cli {

namespace {

namespace json = boost::json;

json::object finding_json(const Diagnostic& finding) {
  return {{"file", finding.where.file},
          {"line", finding.where.line},
          {"column", finding.where.column},
          {"severity", finding.severity == Severity::kError ? "error" : "warning"},
          {"code", finding.code},
          {"message", finding.message},
          {"suggestion", finding.suggestion},
          {"because", finding.because}};
}

}  // namespace

json::object findings_json(const std::vector<Diagnostic>& findings) {
  json::array list;
  for (const Diagnostic& finding : findings) {
    list.push_back(finding_json(finding));
  }
  return {{"findings", std::move(list)}};
}

void print_findings(std::vector<Diagnostic> findings, const std::string& directory,
                    std::ostream& out) {
  for (Diagnostic& finding : findings) {
    const std::filesystem::path file(finding.where.file);
    if (!file.empty() && !file.has_parent_path()) {
      finding.where.file = (std::filesystem::path(directory) / file).string();
    }
    out << format_diagnostic(finding) << '\n';
  }
}

void print_json(const json::object& value) {
  std::cout << json::serialize(value) << '\n';
}

std::string count_words(std::size_t count, const std::string& thing) {
  return std::to_string(count) + ' ' + thing + (count == 1 ? "" : "s");
}

bool is_directory_or_report(const std::string& directory) {
  std::error_code status;
  if (std::filesystem::is_directory(directory, status)) {
    return true;
  }
  std::cerr << "error: there is no directory `" << directory << "`\n";
  return false;
}

policy::PolicySnapshot load_or_report(const std::string& directory, bool as_json) {
  policy::LoadResult loaded = policy::load_policy_directory(directory);
  if (loaded.policy == nullptr) {
    if (as_json) {
      print_json(findings_json(loaded.findings));
    } else {
      print_findings(loaded.findings, directory, std::cerr);
    }
  }
  return loaded.policy;
}

}  // namespace fieldgate::cli
