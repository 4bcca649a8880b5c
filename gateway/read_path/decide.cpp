// Stage 3: may anything be released? Gathers the facts, asks the pure engine, and passes on only if
// it gave a permit (GDPR 5(1)(b)-(c), 6, 7, 8, 9, 18, 21, 25).
#include "gateway/read_path/decision_facts.h"
#include "gateway/read_path/decision_inputs.h"
#include "gateway/read_path/stages.h"

namespace fieldgate::read_path {

namespace {

// Scratch space of one loop's thread: cleared and refilled per read, so that deciding allocates
// nothing once warm.
struct Scratch {
  std::vector<policy::ConsentFact> own;
  std::vector<policy::ConsentFact> guardian;
  std::vector<policy::ObjectionFact> objections;
  std::vector<UtcTime> collected_at;
};

void gather_consents(const BoundPolicy& policy, const store::Profile& profile, Scratch& scratch) {
  scratch.own.clear();
  scratch.guardian.clear();
  for (const store::StoredConsent& stored : profile.consents()) {
    const policy::PurposeIndex purpose = policy.purpose_of(stored.purpose);
    if (purpose >= policy.set().purposes().size()) {
      continue;  // a purpose of an older policy
    }
    auto& into = stored.by_guardian ? scratch.guardian : scratch.own;
    into.push_back({purpose, stored.status, policy.level_of(purpose, stored.level),
                    policy.text_version_of(purpose, stored.text_version), stored.at,
                    stored.is_explicit});
  }
}

void gather_objections(const BoundPolicy& policy, const store::Profile& profile, Scratch& scratch) {
  scratch.objections.clear();
  for (const store::StoredObjection& stored : profile.objections()) {
    const policy::PurposeIndex purpose = policy.purpose_of(stored.purpose);
    if (purpose != policy::kUnknownIndex) {
      scratch.objections.push_back({purpose, stored.status, stored.at});
    }
  }
}

policy::PersonFacts gather(const BoundPolicy& policy, const store::Profile& profile,
                           Scratch& scratch) {
  gather_consents(policy, profile, scratch);
  gather_objections(policy, profile, scratch);
  scratch.collected_at.assign(policy.set().fields().size(), UtcTime{});
  policy::PersonFacts facts;
  for (const store::StoredField& stored : profile.fields()) {
    const FieldIndex field = policy.field_of(stored.field);
    if (field != policy::kUnknownIndex) {
      facts.held.set(field);
      scratch.collected_at[field] = stored.collected_at;
    }
  }
  facts.restricted_since = profile.restricted_since();
  facts.consents = scratch.own;
  facts.guardian_consents = scratch.guardian;
  facts.objections = scratch.objections;
  facts.collected_at = scratch.collected_at;
  return facts;
}

// What the record keeps of the decision's inputs. A record without them is still a record: a person
// with thousands of fields, or an endless context, must not make a read fail.
Result<Bytes> seal_inputs(Environment& environment, const Call& call, const Found& found,
                          const policy::PersonFacts& facts, bool facts_known,
                          const crypto::SubjectKey& key) {
  const SecretBytes inputs = encode_decision_inputs(*call.policy, found.claim.question,
                                                    *found.profile, facts, facts_known);
  if (inputs.size() > crypto::kMaxRecordPartBytes) {
    return Bytes{};
  }
  return crypto::seal_record_part(
      key, {environment.keyring.tenant(), found.profile->subject(), call.record_id},
      inputs.reveal(), environment.random);
}

}  // namespace

Step<Permitted> decide(Environment& environment, const Call& call, Found found,
                       const ReadRequest& /*request*/) {
  thread_local Scratch scratch;
  const BoundPolicy& policy = *call.policy;
  const policy::PurposeIndex purpose = found.claim.question.purpose;
  const SubjectId subject = found.profile->subject();
  const auto cannot_decide = [&](std::string detail) {
    return Refusal{503, policy::ReasonCode::kCannotDecide, std::move(detail), purpose, subject};
  };

  auto key = environment.keyring.unwrap_subject_key(subject, found.profile->wrapped_key());
  if (key.has_error()) {
    return cannot_decide("the person's key cannot be opened");
  }
  policy::PersonFacts facts = gather(policy, *found.profile, scratch);
  const bool needs_facts = policy.set().needs_facts(purpose);
  if (needs_facts) {
    const auto opened = open_facts(environment.keyring, *key, *found.profile);
    if (opened.has_error()) {
      return cannot_decide("the person's decision facts cannot be opened");
    }
    facts.country = opened->country;
    facts.birth_date = opened->birth_date;
  }

  auto inputs = seal_inputs(environment, call, found, facts, needs_facts, *key);
  if (inputs.has_error()) {
    return cannot_decide("the decision's inputs cannot be sealed for the record");
  }
  policy::Engine::Permitted outcome = policy.engine().permit(subject, found.claim.question, facts);
  if (!outcome.permit) {
    return Refusal{
        403,   outcome.decision.code, "nothing may be released for this purpose", purpose, subject,
        false, std::move(*inputs)};
  }
  return Permitted{std::move(found), outcome.decision, std::move(*outcome.permit), std::move(*key),
                   std::move(*inputs)};
}

}  // namespace fieldgate::read_path
