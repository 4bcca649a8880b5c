#include "gateway/cli/policy_commands_coverage.h"

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace fieldgate::cli {

namespace {

namespace json = boost::json;
using policy::BasisCoverage;
using policy::Coverage;
using policy::FieldCoverage;
using policy::PurposeCoverage;

using Names = std::vector<std::string>;
using Row = std::vector<std::string>;

Names never(const PurposeCoverage& purpose, std::size_t FieldCoverage::* times) {
  Names names;
  for (const FieldCoverage& field : purpose.fields) {
    if (field.*times == 0) {
      names.push_back(field.field);
    }
  }
  return names;
}

json::array names_json(const Names& names) {
  json::array list;
  for (const std::string& name : names) {
    list.push_back(json::value(name));
  }
  return list;
}

json::object purpose_json(const PurposeCoverage& purpose) {
  json::array codes;
  for (const policy::ReasonCode code : purpose.codes) {
    codes.push_back(json::string(policy::reason_name(code)));
  }
  json::array fields;
  for (const FieldCoverage& field : purpose.fields) {
    fields.push_back(
        json::object{{"field", field.field}, {"shown", field.shown}, {"withheld", field.withheld}});
  }
  return {{"purpose", purpose.purpose},
          {"basis", purpose.basis},
          {"file", purpose.where.file},
          {"line", purpose.where.line},
          {"column", purpose.where.column},
          {"tests", purpose.tests},
          {"giving", purpose.giving},
          {"refusing", purpose.refusing},
          {"codes", std::move(codes)},
          {"fields", std::move(fields)},
          {"never_shown", names_json(never(purpose, &FieldCoverage::shown))},
          {"never_withheld", names_json(never(purpose, &FieldCoverage::withheld))}};
}

// The first column and any column of words to the left, numbers to the right.
void print_table(const std::vector<Row>& rows, std::size_t words) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blank(widths[i] - row[i].size(), ' ');
      const bool left = i < words || i + 1 == row.size();
      line += (i == 0 ? "  " : "   ") + (left ? row[i] + blank : blank + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << '\n';
  }
}

std::string of_fields(const PurposeCoverage& purpose, std::size_t FieldCoverage::* times) {
  const std::size_t all = purpose.fields.size();
  return std::to_string(all - never(purpose, times).size()) + " of " + std::to_string(all);
}

std::string quoted(const Names& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "`" : ", `") + name + '`';
  }
  return text;
}

// Empty where the tests leave nothing open, and for a purpose without a test: that is a finding.
std::string open_words(const PurposeCoverage& purpose) {
  if (purpose.tests == 0) {
    return {};
  }
  Names parts;
  if (purpose.giving == 0) {
    parts.emplace_back("no test gives anything");
  }
  if (purpose.refusing == 0) {
    parts.emplace_back("no test refuses it");
  }
  const Names unseen = never(purpose, &FieldCoverage::shown);
  if (purpose.giving > 0 && !unseen.empty()) {
    parts.push_back("no test shows " + quoted(unseen));
  }
  const Names always = never(purpose, &FieldCoverage::withheld);
  if (purpose.refusing > 0 && !always.empty()) {
    parts.push_back("no test withholds " + quoted(always));
  }
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : "; ") + part;
  }
  return text;
}

}  // namespace

json::object coverage_json(const Coverage& coverage) {
  Names tested;
  Names untested;
  json::array purposes;
  for (const PurposeCoverage& purpose : coverage.purposes) {
    (purpose.tests > 0 ? tested : untested).push_back(purpose.purpose);
    purposes.push_back(purpose_json(purpose));
  }
  json::array bases;
  for (const BasisCoverage& basis : coverage.bases) {
    bases.push_back(json::object{{"basis", basis.basis},
                                 {"purposes", basis.purposes},
                                 {"tests", basis.tests},
                                 {"giving", basis.giving},
                                 {"refusing", basis.refusing}});
  }
  return {{"tested_purposes", names_json(tested)},
          {"untested_purposes", names_json(untested)},
          {"purposes", std::move(purposes)},
          {"bases", std::move(bases)}};
}

void print_coverage(const Coverage& coverage, const std::string& directory) {
  std::cout << "\nwhat the tests expect, by purpose:\n";
  std::vector<Row> rows{{"purpose", "basis", "tests", "give", "refuse", "fields shown", "withheld",
                         "refused because"}};
  for (const PurposeCoverage& purpose : coverage.purposes) {
    std::string codes;
    for (const policy::ReasonCode code : purpose.codes) {
      codes += (codes.empty() ? "" : " ") + std::string(policy::reason_name(code));
    }
    rows.push_back({purpose.purpose, purpose.basis, std::to_string(purpose.tests),
                    std::to_string(purpose.giving), std::to_string(purpose.refusing),
                    of_fields(purpose, &FieldCoverage::shown),
                    of_fields(purpose, &FieldCoverage::withheld), codes});
  }
  print_table(rows, 2);
  std::cout << "\nby lawful basis:\n";
  rows = {{"basis", "purposes", "tests", "give", "refuse", ""}};
  for (const BasisCoverage& basis : coverage.bases) {
    rows.push_back({basis.basis, std::to_string(basis.purposes), std::to_string(basis.tests),
                    std::to_string(basis.giving), std::to_string(basis.refusing), ""});
  }
  print_table(rows, 1);
  bool first = true;
  for (const PurposeCoverage& purpose : coverage.purposes) {
    const std::string open = open_words(purpose);
    if (!open.empty()) {
      std::cout << (first ? "\nwhat no test speaks of:\n" : "") << "  "
                << (std::filesystem::path(directory) / purpose.where.file).string() << ':'
                << purpose.where.line << ": `" << purpose.purpose << "`: " << open << '\n';
      first = false;
    }
  }
  std::cout << '\n';
}

std::vector<Diagnostic> untested_purposes(const Coverage& coverage, bool strict) {
  std::vector<Diagnostic> findings;
  for (const PurposeCoverage& purpose : coverage.purposes) {
    if (purpose.tests == 0) {
      findings.push_back({purpose.where, strict ? Severity::kError : Severity::kWarning,
                          "untested-purpose", "no test asks for `" + purpose.purpose + '`',
                          "add one that expects what it gives, and one that expects a refusal",
                          "GDPR 5(2)"});
    }
  }
  return findings;
}

}  // namespace fieldgate::cli
