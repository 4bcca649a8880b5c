// Stage 5: opens the permitted values. One that does not open denies the whole read: it was altered
// or moved, and a partial answer would hide that.
#include "gateway/read_path/stages.h"

namespace fieldgate::read_path {

Step<Opened> open_fields(Environment& environment, const BoundPolicy& policy, SealedFields sealed) {
  Permitted permitted = std::move(sealed.permitted);
  const SubjectId subject = permitted.found.profile->subject();
  Opened opened{std::move(permitted.found.claim),
                std::move(permitted.found.profile),
                permitted.decision,
                std::move(permitted.inputs),
                {}};
  opened.values.reserve(sealed.values.size());
  crypto::FieldContext context;
  context.tenant = environment.keyring.tenant();
  context.subject = subject;
  for (const auto& [field, stored] : sealed.values) {
    context.field = policy.set().fields()[field].name;
    context.type = static_cast<crypto::ValueType>(stored->type);
    context.value_version = stored->value_version;
    auto plain =
        crypto::open_field(permitted.permit, field, permitted.key, context, stored->sealed);
    if (plain.has_error()) {
      return Refusal{503, policy::ReasonCode::kCannotDecide, "a stored value cannot be opened",
                     opened.claim.question.purpose, subject};
    }
    opened.values.emplace_back(field, std::move(*plain));
  }
  return opened;
}

}  // namespace fieldgate::read_path
