// Stage 4: the sealed values of the permitted fields, and of no other.
#include "gateway/read_path/stages.h"

#include <algorithm>

namespace fieldgate::read_path {

SealedFields fetch_fields(const BoundPolicy& policy, Permitted permitted) {
  SealedFields sealed{std::move(permitted), {}};
  const store::Profile& profile = *sealed.permitted.found.profile;
  sealed.values.reserve(sealed.permitted.permit.fields().count());
  for (const store::StoredField& stored : profile.fields()) {
    const FieldIndex field = policy.field_of(stored.field);
    if (field != policy::kUnknownIndex && sealed.permitted.permit.fields().test(field)) {
      sealed.values.emplace_back(field, &stored);
    }
  }
  // Answers list fields in the policy's order, whatever order the store keeps.
  std::sort(sealed.values.begin(), sealed.values.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return sealed;
}

}  // namespace fieldgate::read_path
