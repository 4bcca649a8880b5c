#include "gateway/store/ledger_fold.h"

#include <fieldgate/policy/consent_state.h>

#include <algorithm>

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
  if (current == state.objections.end()) {
    if (state.objections.size() >= kMaxStateEntries) {
      return too_many("objections");
    }
    state.objections.push_back({record.purpose, record.status, record.collected_at});
    return ok();
  }
  const bool renewed = current->status == policy::ObjectionStatus::kRaised &&
                       record.status == policy::ObjectionStatus::kRaised;
  current->status = record.status;
  current->at = renewed ? std::max(current->at, record.collected_at) : record.collected_at;
  return ok();
}

void fold_restriction(ProfileState& state, const RestrictionRecord& record) {
  if (!record.raised) {
    state.restricted_since.reset();
    return;
  }
  state.restricted_since =
      std::max(state.restricted_since.value_or(record.collected_at), record.collected_at);
}

}  // namespace fieldgate::store
