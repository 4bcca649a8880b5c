// The form that in-file tests and explain requests share.
#pragma once

#include "policy/load/node_reader.h"
#include "policy/model/compiled_policy.h"

#include <vector>

namespace fieldgate::policy {

enum class CaseForm {
  kTest,     ///< with `it` and `expect`; a name that the policy lacks is a fault
  kRequest,  ///< without them; an unknown app, purpose or field is a question to be decided
};

/// Reads one entry; nothing when it has a fault, which is then reported. `faulty_purposes` are
/// those whose levels and texts could not be read, by index; may be empty.
[[nodiscard]] std::optional<TestCase> read_test_case(const CompiledPolicy& policy, NodeReader& read,
                                                     const NodeRef& node, CaseForm form,
                                                     const std::vector<bool>& faulty_purposes);

}  // namespace fieldgate::policy
