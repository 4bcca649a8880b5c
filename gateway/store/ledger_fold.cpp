#include "gateway/store/ledger_fold.h"

#include <fieldgate/policy/consent_state.h>

#include <algorithm>
#include <string>
#include <utility>

namespace fieldgate::store {
namespace {

Error too_many(std::string what) {
  return make_error(ErrorCode::kTooLarge, "a person can hold at most 4096 " + std::move(what),
                    "too-many-entries");
}

}  // namespace

Result<void> fold_consent(ProfileState& state, ConsentRecord& record) {
  auto current = std::find_if(
      state.consents.begin(), state.consents.end(), [&record](const StoredConsent& stored) {
        return stored.purpose == record.purpose && stored.by_guardian == record.by_guardian;
      });
  if (current == state.consents.end()) {
    if (state.consents.size() >= kMaxStateEntries) {
      return too_many("consents");
    }
    StoredConsent fresh;
    fresh.purpose = record.purpose;
    fresh.by_guardian = record.by_guardian;
    current = state.consents.insert(state.consents.end(), fresh);
  }
  policy::ConsentProgress progress{current->status, current->at, current->last_refusal};
  record.in_force = policy::apply_consent_event(progress, record.status, record.collected_at);
  current->status = progress.status;
  current->at = progress.at;
  current->last_refusal = progress.last_refusal;
  if (record.in_force) {
    current->level = record.level;
    current->text_version = record.text_version;
    current->is_explicit = record.is_explicit;
  }
  return ok();
}

Result<void> fold_objection(ProfileState& state, const ObjectionRecord& record) {
  auto current =
      std::find_if(state.objections.begin(), state.objections.end(),
                   [&record](const StoredObjection& o) { return o.purpose == record.purpose; });
  const bool known = current != state.objections.end();
  if (!known) {
    if (state.objections.size() >= kMaxStateEntries) {
      return too_many("objections");
    }
    current = state.objections.insert(current, {record.purpose, record.status, UtcTime{}});
  }
  // The fold asks for no purpose, only for what became of the objection.
  policy::ObjectionFact fact{policy::kUnknownIndex, current->status, current->at};
  policy::apply_objection_event(fact, known, record.status, record.collected_at);
  current->status = fact.status;
  current->at = fact.at;
  return ok();
}

void fold_restriction(ProfileState& state, const RestrictionRecord& record) {
  policy::apply_restriction_event(state.restricted_since, record.raised, record.collected_at);
}

}  // namespace fieldgate::store
