// How ledger records change a person's current state; shared, so that no adapter has its own idea
// of what a withdrawal does.
#pragma once

#include <fieldgate/store/consent_store.h>

#include "gateway/store/snapshot.h"

namespace fieldgate::store {

/// Folds one act of consent, as `policy::apply_consent_event` decides, and sets `record.in_force`.
/// `kTooLarge` beyond `kMaxStateEntries`.
[[nodiscard]] Result<void> fold_consent(ProfileState& state, ConsentRecord& record);

/// A renewed objection never moves back in time: a consent given between the two would otherwise
/// outlive the person's second "no" (decision rule 35).
[[nodiscard]] Result<void> fold_objection(ProfileState& state, const ObjectionRecord& record);

/// As for objections: raising an open restriction again never moves its start back.
void fold_restriction(ProfileState& state, const RestrictionRecord& record);

}  // namespace fieldgate::store
