// The policy language as a JSON Schema, for editors.
#pragma once

#include <string>

namespace fieldgate::policy {

/// JSON Schema draft-07, which editors' YAML servers take. It describes one policy file, so that no
/// section is required; references, dates and the rules between keys are left to `policy check`.
[[nodiscard]] std::string policy_schema();

}  // namespace fieldgate::policy
