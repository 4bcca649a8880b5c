#include <fieldgate/policy/consent_state.h>

#include <algorithm>

namespace fieldgate::policy {

namespace {

bool is_refusal(ConsentStatus status) {
  switch (status) {
    case ConsentStatus::kRefused:
    case ConsentStatus::kWithdrawn:
    case ConsentStatus::kRevoked:
    case ConsentStatus::kTerminated:
    case ConsentStatus::kInvalidated:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool apply_consent_event(ConsentProgress& progress, ConsentStatus status, UtcTime collected_at) {
  if (status == ConsentStatus::kGiven || status == ConsentStatus::kRenewed) {
    if (progress.last_refusal && collected_at < *progress.last_refusal) {
      return false;
    }
  }
  if (is_refusal(status)) {
    progress.last_refusal =
        progress.last_refusal ? std::max(*progress.last_refusal, collected_at) : collected_at;
  }
  progress.status = status;
  progress.at = collected_at;
  return true;
}

void apply_objection_event(ObjectionFact& fact, bool known, ObjectionStatus status,
                           UtcTime collected_at) {
  // A renewed objection keeps the latest time: an older one that arrives late must not let a
  // consent that lies between the two end it (decision rule 35).
  // An overruled one may still be open in effect, where it is about direct marketing.
  const bool open = known && fact.status != ObjectionStatus::kWithdrawn;
  if (status == ObjectionStatus::kRaised && open) {
    fact.status = status;
    fact.at = std::max(fact.at, collected_at);
    return;
  }
  fact.status = status;
  fact.at = collected_at;
}

void apply_restriction_event(std::optional<UtcTime>& restricted_since, bool raised,
                             UtcTime collected_at) {
  if (!raised) {
    restricted_since.reset();
  } else {
    restricted_since = restricted_since ? std::max(*restricted_since, collected_at) : collected_at;
  }
}

}  // namespace fieldgate::policy
