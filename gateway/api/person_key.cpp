#include "gateway/api/person_key.h"

namespace fieldgate::api {

Result<PersonKey> name_person(const read_path::Environment& environment,
                              const read_path::BoundPolicy& policy, policy::AppIndex app,
                              std::span<const policy::PurposeIndex> purposes,
                              const read_path::PersonReference& person) {
  if (person.pseudonym.empty()) {
    FIELDGATE_TRY(
        const std::string normalised,
        crypto::normalise_identifier(person.type, person.value, environment.default_region));
    return PersonKey(
        IdentifierKey{person.type, environment.indexer.index(person.type, normalised)});
  }
  Error last = make_error(ErrorCode::kNotFound, "there is no such person");
  const auto attempt = [&](const crypto::PseudonymDomain* domain) -> std::optional<SubjectId> {
    if (domain == nullptr) {
      return std::nullopt;
    }
    auto subject = domain->decode(person.pseudonym);
    if (subject.has_value()) {
      return *subject;
    }
    last = subject.error();
    return std::nullopt;
  };
  for (const policy::PurposeIndex purpose : purposes) {
    if (const auto subject = attempt(policy.pseudonyms(app, purpose))) {
      return PersonKey(*subject);
    }
  }
  if (const auto subject = attempt(policy.write_pseudonyms(app))) {
    return PersonKey(*subject);
  }
  return last;
}

read_path::Refusal no_such_person(policy::PurposeIndex purpose) {
  return {404, policy::ReasonCode::kNoSuchPerson, "there is no such person", purpose, std::nullopt};
}

read_path::Step<std::pair<policy::AppIndex, policy::PurposeIndex>> claim_purpose(
    const read_path::Call& call, std::string_view purpose_name) {
  const policy::PolicySet& set = call.policy->set();
  const policy::PurposeIndex purpose = set.purpose(purpose_name);
  if (purpose == policy::kUnknownIndex) {
    return read_path::Refusal{403, policy::ReasonCode::kUnknownPurpose,
                              "the policy has no such purpose", purpose, std::nullopt};
  }
  const policy::AppIndex app = read_path::acting_app(call);
  if (call.policy->pseudonyms(app, purpose) == nullptr) {
    return read_path::Refusal{403, policy::ReasonCode::kPurposeNotGranted,
                              "the policy does not grant this purpose to this app", purpose,
                              std::nullopt};
  }
  return std::pair(app, purpose);
}

}  // namespace fieldgate::api
