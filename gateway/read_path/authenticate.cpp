// Stage 1: what may this credential claim? A purpose in a request grants nothing; the app must have
// been given it by policy (GDPR 5(1)(b), 28(3)(a)).
#include "gateway/read_path/stages.h"

#include <stdexcept>

namespace fieldgate::read_path {

void throw_exception_from_error(const Refusal& /*refusal*/,
                                const boost::source_location& /*where*/) {
  throw std::logic_error("the value of a refused read was asked for");
}

Step<Claim> authenticate(const Call& call, const ReadRequest& request) {
  const policy::PolicySet& set = call.policy->set();
  Claim claim;
  claim.question.now = call.now;
  claim.question.context = request.context;
  claim.question.all_fields = request.all_fields;
  for (const std::string_view name : request.fields) {
    const FieldIndex field = set.field(name);
    if (field == policy::kUnknownIndex) {
      // The name is not repeated: a mistaken request can hold anything.
      return Refusal{400, policy::ReasonCode::kUnknownField,
                     "`fields` names a field that the policy does not have",
                     set.purpose(request.purpose), std::nullopt};
    }
    claim.question.asked.set(field);
  }
  claim.question.purpose = set.purpose(request.purpose);
  if (claim.question.purpose == policy::kUnknownIndex) {
    return Refusal{403, policy::ReasonCode::kUnknownPurpose, "the policy has no such purpose",
                   policy::kUnknownIndex, std::nullopt};
  }
  claim.question.app = acting_app(call);
  claim.pseudonyms = call.policy->pseudonyms(claim.question.app, claim.question.purpose);
  if (claim.pseudonyms == nullptr) {
    return Refusal{403, policy::ReasonCode::kPurposeNotGranted,
                   "the policy does not grant this purpose to this app", claim.question.purpose,
                   std::nullopt};
  }
  return claim;
}

}  // namespace fieldgate::read_path
