// The never-rules that a policy's author wrote, checked.
#pragma once

#include <fieldgate/base/diagnostic.h>
#include <fieldgate/policy/model.h>

#include <optional>
#include <string>
#include <vector>

namespace fieldgate::policy {

/// A read that gives what must never be given.
struct Counterexample {
  std::string app;
  std::string purpose;
  std::string field;
  std::string sees;      ///< "its year"
  SourcePosition where;  ///< the field's line in the purpose
  std::string request;   ///< YAML for `policy explain --request`: that read, by such a person
};

struct InvariantResult {
  std::string it;
  SourcePosition where;
  std::optional<Counterexample> broken_by;  ///< nothing: it holds
};

/// Checks each invariant over all states. A field that no grant reaches in a forbidden form is
/// given in no state; for each other one the states of a person, the moments and the context are
/// gone through, the most open first, until one releases it. In the order of the files. Pure.
[[nodiscard]] std::vector<InvariantResult> check_invariants(const PolicySet& policy);

}  // namespace fieldgate::policy
