#include "gateway/cli/policy_commands_output.h"

#include "gateway/cli/common.h"
#include "gateway/http/target.h"

#include <fieldgate/policy/load.h>

#include <boost/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>

namespace fieldgate::cli {

namespace {

namespace json = boost::json;

std::string path_of(const Diagnostic& finding, const std::string& directory) {
  const std::filesystem::path file(finding.where.file);
  if (file.empty() || file.has_parent_path()) {
    return file.string();
  }
  return (std::filesystem::path(directory) / file).string();
}

std::string_view level_of(const Diagnostic& finding) {
  return finding.severity == Severity::kError ? "error" : "warning";
}

json::object finding_json(const Diagnostic& finding) {
  return {{"file", finding.where.file},
          {"line", finding.where.line},
          {"column", finding.where.column},
          {"severity", json::string(level_of(finding))},
          {"code", finding.code},
          {"message", finding.message},
          {"suggestion", finding.suggestion},
          {"because", finding.because}};
}

json::object sarif_result(const Diagnostic& finding, const std::string& directory) {
  std::string text = finding.message;
  text += finding.suggestion.empty() ? "" : "; " + finding.suggestion;
  text += finding.because.empty() ? "" : " (" + finding.because + ")";
  const std::string uri = http::percent_encode(path_of(finding, directory), "~/");
  json::object place{{"artifactLocation", {{"uri", uri}}}};
  if (finding.where.line > 0) {
    place["region"] = {{"startLine", finding.where.line},
                       {"startColumn", std::max(1, finding.where.column)}};
  }
  json::object location{{"physicalLocation", std::move(place)}};
  return {{"ruleId", finding.code},
          {"level", json::string(level_of(finding))},
          {"message", {{"text", text}}},
          {"locations", json::array{std::move(location)}}};
}

bool in_colour(const std::ostream& out) {
  const char* refused = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  return &out == &std::cout && on_terminal() && (refused == nullptr || *refused == '\0');
}

}  // namespace

json::object findings_sarif(const std::vector<Diagnostic>& findings, const std::string& directory) {
  std::set<std::string> codes;
  json::array results;
  for (const Diagnostic& finding : findings) {
    codes.insert(finding.code);
    results.push_back(sarif_result(finding, directory));
  }
  json::array rules;
  for (const std::string& code : codes) {
    rules.push_back(json::object{{"id", code}});
  }
  json::object run{
      {"tool", {{"driver", {{"name", "fieldgate policy check"}, {"rules", std::move(rules)}}}}},
      {"columnKind", "unicodeCodePoints"},
      {"results", std::move(results)}};
  return {{"$schema",
           "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
           "sarif-schema-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs", json::array{std::move(run)}}};
}

json::object findings_json(const std::vector<Diagnostic>& findings) {
  json::array list;
  for (const Diagnostic& finding : findings) {
    list.push_back(finding_json(finding));
  }
  return {{"findings", std::move(list)}};
}

void print_findings(std::vector<Diagnostic> findings, const std::string& directory,
                    std::ostream& out) {
  const bool colour = in_colour(out);
  for (Diagnostic& finding : findings) {
    finding.where.file = path_of(finding, directory);
    std::string line = format_diagnostic(finding);
    const std::string word(level_of(finding));
    const std::size_t at = line.find(": " + word + ": ");
    if (colour && at != std::string::npos) {
      line.replace(
          at + 2, word.size(),
          (finding.severity == Severity::kError ? "\x1b[1;31m" : "\x1b[1;33m") + word + "\x1b[0m");
    }
    out << line << '\n';
  }
}

void print_json(const json::object& value) {
  std::cout << json::serialize(value) << '\n';
}

std::string count_words(std::size_t count, const std::string& thing, const std::string& things) {
  const std::string many = things.empty() ? thing + "s" : things;
  return std::to_string(count) + ' ' + (count == 1 ? thing : many);
}

bool is_directory_or_report(const std::string& directory) {
  std::error_code status;
  if (std::filesystem::is_directory(directory, status)) {
    return true;
  }
  fail(make_error(ErrorCode::kInvalid,
                  std::filesystem::exists(directory, status)
                      ? '`' + directory + "` is a file; give the folder that holds it"
                      : "there is no directory `" + directory + '`'));
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
