// What `policy test` says of the reach of the tests.
#pragma once

#include <fieldgate/base/diagnostic.h>
#include <fieldgate/policy/review.h>

#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace fieldgate::cli {

[[nodiscard]] boost::json::object coverage_json(const policy::Coverage& coverage);

/// Tables by purpose and by basis, then what no test speaks of; on stdout.
void print_coverage(const policy::Coverage& coverage, const std::string& directory);

/// The purposes that no test asks for: errors when `strict`, else warnings.
[[nodiscard]] std::vector<Diagnostic> untested_purposes(const policy::Coverage& coverage,
                                                        bool strict);

}  // namespace fieldgate::cli
