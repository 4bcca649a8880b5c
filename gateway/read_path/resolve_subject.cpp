// Stage 2: which person is meant? An unknown person, an erased one, and another domain's pseudonym
// all get the same answer.
#include "gateway/read_path/stages.h"

namespace fieldgate::read_path {

namespace {

Refusal no_such_person(const Claim& claim) {
  return {404, policy::ReasonCode::kNoSuchPerson, "there is no such person", claim.question.purpose,
          std::nullopt};
}

Refusal cannot_resolve(const Claim& claim, const Error& error) {
  if (error.code == ErrorCode::kInvalid) {
    return {400,           policy::ReasonCode::kCannotDecide,
            error.message, claim.question.purpose,
            std::nullopt,  true};
  }
  if (error.code == ErrorCode::kNotFound) {
    return no_such_person(claim);
  }
  return {503, policy::ReasonCode::kCannotDecide, "the profile store cannot answer now",
          claim.question.purpose, std::nullopt};
}

Result<store::ProfilePtr> look_up(Environment& environment, const Claim& claim,
                                  const ReadRequest& request) {
  if (!request.pseudonym.empty()) {
    FIELDGATE_TRY(const SubjectId subject, claim.pseudonyms->decode(request.pseudonym));
    return environment.reader.load(subject);
  }
  const std::string_view region =
      request.context.country.size() == 2 ? request.context.country : environment.default_region;
  FIELDGATE_TRY(
      const std::string normalised,
      crypto::normalise_identifier(request.identifier_type, request.identifier_value, region));
  return environment.reader.find(request.identifier_type,
                                 environment.indexer.index(request.identifier_type, normalised));
}

}  // namespace

Step<Found> resolve_subject(Environment& environment, const Call& /*call*/, Claim claim,
                            const ReadRequest& request) {
  auto profile = look_up(environment, claim, request);
  if (profile.has_error()) {
    return cannot_resolve(claim, profile.error());
  }
  // A person whose key is destroyed is erased: nothing about them can be opened any more.
  if (*profile == nullptr || (*profile)->wrapped_key().empty()) {
    return no_such_person(claim);
  }
  return Found{std::move(claim), std::move(*profile)};
}

}  // namespace fieldgate::read_path
