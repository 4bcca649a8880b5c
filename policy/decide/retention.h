// How long values may be read (decision rule 3).
#pragma once

#include "policy/decide/stages.h"

namespace fieldgate::policy {

struct RetentionAnswer {
  FieldSet past;     ///< past their retention
  FieldSet unknown;  ///< no date of collection, or one that cannot be reckoned with
  std::optional<UtcTime> retain_until;  ///< earliest end among the others
};

/// Judges the fields of `candidates`, all of which are held.
[[nodiscard]] RetentionAnswer check_retention(const Case& c, const FieldSet& candidates);

}  // namespace fieldgate::policy
