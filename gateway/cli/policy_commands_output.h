// What the policy commands print alike: findings, and one JSON object.
#pragma once

#include <fieldgate/base/diagnostic.h>
#include <fieldgate/policy/model.h>

#include <boost/json/object.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace fieldgate::cli {

void print_json(const boost::json::object& value);
[[nodiscard]] boost::json::object findings_json(const std::vector<Diagnostic>& findings);
/// Each with the directory before the file's name, so that a terminal can open the place; in colour
/// where `out` is a terminal's stdout and `NO_COLOR` is not set.
void print_findings(std::vector<Diagnostic> findings, const std::string& directory,
                    std::ostream& out);

/// SARIF 2.1.0 (OASIS), for code review: files are named as they are reached from here.
[[nodiscard]] boost::json::object findings_sarif(const std::vector<Diagnostic>& findings,
                                                 const std::string& directory);

/// False, and says so, when there is no such directory.
[[nodiscard]] bool is_directory_or_report(const std::string& directory);
/// Loads, or says what is wrong; null then.
[[nodiscard]] policy::PolicySnapshot load_or_report(const std::string& directory, bool as_json);

/// "1 error", "2 errors"; `things` where an "s" does not make the plural.
[[nodiscard]] std::string count_words(std::size_t count, const std::string& thing,
                                      const std::string& things = {});

}  // namespace fieldgate::cli
