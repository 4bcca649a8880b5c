// The rules that decide a read as a whole, in the order in which a refusal names them.
#pragma once

#include "policy/model/compiled_policy.h"

#include <fieldgate/policy/engine.h>

#include <array>

namespace fieldgate::policy {

/// A consent that was collected this far ahead of the gateway's clock is still taken.
inline constexpr std::chrono::minutes kClockTolerance{5};

/// Whose consent permits (decision rule 16).
enum class ConsentParty : std::uint8_t { kOwn, kGuardian, kBoth, kNobody };

/// The facts about the case's purpose; `corrupt` when the state holds one twice.
struct ConsentFacts {
  const ConsentFact* own = nullptr;
  const ConsentFact* guardian = nullptr;
  bool corrupt = false;
};

/// One question about one person under one policy; views, alive during the decision.
struct Case {
  const CompiledPolicy& policy;
  const PurposeRules& purpose;
  PurposeIndex index;
  const Question& question;
  const PersonFacts& person;
  // Looked up once: several stages ask for them.
  ConsentParty party = ConsentParty::kNobody;
  ConsentFacts consents;
};
/// `question.purpose` must be one of the policy's.
[[nodiscard]] Case make_case(const CompiledPolicy& policy, const Question& question,
                             const PersonFacts& person);
/// In completed years at the day (UTC) of `now`; nothing when unknown or impossible.
[[nodiscard]] std::optional<int> age_at(const PersonFacts& person, UtcTime now);

/// What one consent fact lacks to permit; `kNone` when it permits.
[[nodiscard]] ReasonCode judge_consent(const Case& c, const ConsentFact* fact);

[[nodiscard]] ReasonCode check_grant(const CompiledPolicy& policy, const Question& question);
[[nodiscard]] ReasonCode check_erasure(const Case& c);
[[nodiscard]] ReasonCode check_restriction(const Case& c);
[[nodiscard]] ReasonCode check_objection(const Case& c);
[[nodiscard]] ReasonCode check_minors(const Case& c);
[[nodiscard]] ReasonCode check_consent(const Case& c);
[[nodiscard]] ReasonCode check_moment(const Case& c);

struct Stage {
  std::string_view rule;
  ReasonCode (*check)(const Case&);
};
/// product.md, "Reason codes": restricted, objected, minors, consent, moment.
inline constexpr std::array<Stage, 6> kStages{{
    {"erasure", check_erasure},
    {"restriction", check_restriction},
    {"objection", check_objection},
    {"minors", check_minors},
    {"consent", check_consent},
    {"moment", check_moment},
}};

/// The fields that the level of the consent in force gives, and why the others stay back:
/// `kNotAtThisLevel`, or `kCannotDecide` for a level that the policy does not know.
struct LevelAnswer {
  FieldSet fields;
  ReasonCode missing = ReasonCode::kNotAtThisLevel;
};
[[nodiscard]] LevelAnswer fields_at_level(const Case& c);

}  // namespace fieldgate::policy
