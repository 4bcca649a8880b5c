// How ledger records change a person's current state; shared, so that no adapter has its own idea
// of what a withdrawal does.
#pragma once

#include <fieldgate/store/consent_store.h>

#include "gateway/store/snapshot.h"

namespace fieldgate::store {

/// Folds one act of consent, as `policy::apply_consent_event` decides, and sets `record.in_force`.
/// `kTooLarge` beyond `kMaxStateEntries`.
[[nodiscard]] Result<void> fold_consent(ProfileState& state, ConsentRecord& record);

/// As `policy::apply_objection_event` decides. `kTooLarge` beyond `kMaxStateEntries`.
[[nodiscard]] Result<void> fold_objection(ProfileState& state, const ObjectionRecord& record);

/// As `policy::apply_restriction_event` decides.
void fold_restriction(ProfileState& state, const RestrictionRecord& record);

}  // namespace fieldgate::store
