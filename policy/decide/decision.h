// The decision proper, shared by `decide` and `explain`.
#pragma once

#include "policy/decide/stages.h"

namespace fieldgate::policy {

/// The part of a decision that is about single fields.
struct FieldAnswers {
  FieldSet asked;  ///< with everything filled in for `all_fields`
  FieldSet not_for_purpose;
  FieldSet not_at_level;
  ReasonCode level_reason = ReasonCode::kNotAtThisLevel;
  FieldSet not_held;
  FieldSet past_retention;
  FieldSet undated;
  FieldSet released;  ///< as far as the field rules go
  std::optional<UtcTime> retain_until;
};
[[nodiscard]] FieldAnswers judge_fields(const Case& c);

/// The first reason that refuses the read as a whole; `kNone` when none does.
[[nodiscard]] ReasonCode judge_read(const Case& c);

[[nodiscard]] Decision make_decision(const Question& question, const FieldAnswers& fields,
                                     ReasonCode read_reason);
/// A refusal of everything that was asked, for one reason.
[[nodiscard]] Decision refuse(const Question& question, ReasonCode reason);

}  // namespace fieldgate::policy
