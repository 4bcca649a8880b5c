// How one arriving consent event changes the current state: a pure fold over the ledger.
#pragma once

#include <fieldgate/base/time.h>
#include <fieldgate/policy/engine.h>

#include <optional>

namespace fieldgate::policy {

/// The part of the current state that decides what a new event does.
struct ConsentProgress {
  ConsentStatus status = ConsentStatus::kUnknown;
  UtcTime at{};                         ///< when the person acted, of the event in force
  std::optional<UtcTime> last_refusal;  ///< latest collected_at of a withdrawal or refusal
};

/// Applies an event that has just arrived. Arrival order decides, save that a `given` or `renewed`
/// collected before the last withdrawal or refusal changes nothing (it is kept in the ledger and
/// permits nothing; docs/api.md, "Consent"). Returns true when the event is now in force.
[[nodiscard]] bool apply_consent_event(ConsentProgress& progress, ConsentStatus status,
                                       UtcTime collected_at);

/// The same for an objection. `known` is false for the first event about a purpose. Raising an open
/// objection again keeps the later of the two times; anything else takes the event as it is.
void apply_objection_event(ObjectionFact& fact, bool known, ObjectionStatus status,
                           UtcTime collected_at);

/// The same for a restriction: raising it again keeps the later time, lifting it clears it.
void apply_restriction_event(std::optional<UtcTime>& restricted_since, bool raised,
                             UtcTime collected_at);

}  // namespace fieldgate::policy
