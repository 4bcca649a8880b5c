#include "policy/decide/stages.h"

#include <algorithm>

namespace fieldgate::policy {

namespace {

using std::chrono::days;
using std::chrono::year_month_day;

bool permits(ConsentStatus status) {
  return status == ConsentStatus::kGiven || status == ConsentStatus::kRenewed;
}

const ConsentFact* find_fact(std::span<const ConsentFact> facts, PurposeIndex purpose,
                             bool& corrupt) {
  const ConsentFact* found = nullptr;
  for (const ConsentFact& fact : facts) {
    if (fact.purpose == purpose) {
      corrupt = corrupt || found != nullptr;
      found = &fact;
    }
  }
  return found;
}

template <class Value>
Value by_country(const std::vector<std::pair<CountryCode, Value>>& table,
                 const CountryCode& country, Value fallback) {
  for (const auto& [known, value] : table) {
    if (known == country) {
      return value;
    }
  }
  return fallback;
}

// True when every consent that the purpose asks for was given after `since`: a later clear act of
// the person outweighs what they said before (decision rules 17 and 20).
bool consented_after(const Case& c, UtcTime since) {
  if (!c.purpose.consent_basis) {
    return false;
  }
  const ConsentFacts& facts = c.consents;
  const auto later = [&](const ConsentFact* fact) {
    return fact != nullptr && permits(fact->status) && fact->at > since &&
           fact->at <= c.question.now + kClockTolerance;
  };
  if (facts.corrupt) {
    return false;
  }
  switch (c.party) {
    case ConsentParty::kOwn:
      return later(facts.own);
    case ConsentParty::kGuardian:
      return later(facts.guardian);
    case ConsentParty::kBoth:
      return later(facts.own) && later(facts.guardian);
    case ConsentParty::kNobody:
      return false;
  }
  return false;
}

// A no of the child's own stands even where the guardian's consent is the one that counts: a
// withdrawal is obeyed at once, whoever makes it (GDPR 7(3)).
ReasonCode own_refusal(const ConsentFact* own) {
  if (own == nullptr) {
    return ReasonCode::kNone;
  }
  switch (own->status) {
    case ConsentStatus::kUnknown:
    case ConsentStatus::kRequested:
    case ConsentStatus::kDeferred:
    case ConsentStatus::kGiven:
    case ConsentStatus::kRenewed:
    case ConsentStatus::kExpired:
      return ReasonCode::kNone;
    case ConsentStatus::kRefused:
      return ReasonCode::kConsentRefused;
    case ConsentStatus::kWithdrawn:
    case ConsentStatus::kRevoked:
      return ReasonCode::kConsentWithdrawn;
    case ConsentStatus::kTerminated:
    case ConsentStatus::kInvalidated:
      return ReasonCode::kConsentInvalid;
  }
  return ReasonCode::kCannotDecide;
}

}  // namespace

std::optional<int> age_at(const PersonFacts& person, UtcTime now) {
  std::optional<int> age;
  if (person.birth_date) {
    if (!person.birth_date->ok()) {
      return std::nullopt;
    }
    const year_month_day today{std::chrono::floor<days>(now)};
    const Date& born = *person.birth_date;
    int years = static_cast<int>(today.year()) - static_cast<int>(born.year());
    // Someone born on 29 February is a year older on 1 March of a common year.
    if (std::pair{today.month(), today.day()} < std::pair{born.month(), born.day()}) {
      --years;
    }
    age = years;
  }
  if (person.age) {
    age = age ? std::min(*age, *person.age) : *person.age;
  }
  if (!age || *age < 0 || *age > kOldestAge) {
    return std::nullopt;
  }
  return age;
}

namespace {

ConsentParty consent_party(const Case& c) {
  const Minors& minors = c.policy.minors_;
  const BelowAge below = c.person.country
                             ? by_country(minors.below, *c.person.country, minors.default_below)
                             : minors.strictest_below;
  const ConsentParty young =
      below == BelowAge::kGuardian ? ConsentParty::kGuardian : ConsentParty::kBoth;
  const std::optional<int> age = age_at(c.person, c.question.now);
  if (!age) {
    switch (minors.unknown) {
      case UnknownAge::kAllow:
        return ConsentParty::kOwn;
      case UnknownAge::kGuardian:
        return young;
      case UnknownAge::kDeny:
        return ConsentParty::kNobody;
    }
    return ConsentParty::kNobody;
  }
  const int threshold =
      c.person.country ? by_country(minors.thresholds, *c.person.country, minors.default_threshold)
                       : minors.highest_threshold;
  return *age >= threshold ? ConsentParty::kOwn : young;
}

}  // namespace

Case make_case(const CompiledPolicy& policy, const Question& question, const PersonFacts& person) {
  const PurposeRules& rules = policy.purpose_rules_[question.purpose];
  Case c{policy, rules, question.purpose, question, person, ConsentParty::kNobody, {}};
  if (rules.needs_consent) {
    c.party = consent_party(c);
    c.consents.own = find_fact(person.consents, c.index, c.consents.corrupt);
    c.consents.guardian = find_fact(person.guardian_consents, c.index, c.consents.corrupt);
  }
  return c;
}

ReasonCode judge_consent(const Case& c, const ConsentFact* fact) {
  if (fact == nullptr) {
    return ReasonCode::kNoConsent;
  }
  switch (fact->status) {
    case ConsentStatus::kUnknown:
    case ConsentStatus::kRequested:
    case ConsentStatus::kDeferred:
      return ReasonCode::kNoConsent;
    case ConsentStatus::kRefused:
      return ReasonCode::kConsentRefused;
    case ConsentStatus::kWithdrawn:
    case ConsentStatus::kRevoked:
      return ReasonCode::kConsentWithdrawn;
    case ConsentStatus::kExpired:
      return ReasonCode::kConsentExpired;
    case ConsentStatus::kTerminated:
    case ConsentStatus::kInvalidated:
      return ReasonCode::kConsentInvalid;
    case ConsentStatus::kGiven:
    case ConsentStatus::kRenewed:
      break;
    default:
      return ReasonCode::kCannotDecide;
  }
  const UtcTime now = c.question.now;
  if (fact->at > now + kClockTolerance) {
    return ReasonCode::kNoConsent;
  }
  if (c.purpose.refresh_after && !is_surely_before_end(fact->at, *c.purpose.refresh_after, now)) {
    const std::optional<UtcTime> end = add_period(fact->at, *c.purpose.refresh_after);
    if (!end) {
      return ReasonCode::kCannotDecide;
    }
    if (now >= *end) {
      return ReasonCode::kConsentExpired;
    }
  }
  // Without the text that was shown there is no proof of what was agreed to.
  if (fact->text_version >= c.purpose.outdated_from.size()) {
    return ReasonCode::kCannotDecide;
  }
  if (now >= c.purpose.outdated_from[fact->text_version]) {
    return ReasonCode::kConsentOutdated;
  }
  if (c.purpose.needs_explicit && !fact->is_explicit) {
    return ReasonCode::kExplicitConsentNeeded;
  }
  return ReasonCode::kNone;
}

ReasonCode check_grant(const CompiledPolicy& policy, const Question& question) {
  if (question.purpose >= policy.purposes_.size()) {
    return ReasonCode::kUnknownPurpose;
  }
  if (question.app >= policy.apps_.size() ||
      !policy.app_rules_[question.app].grants(question.purpose)) {
    return ReasonCode::kPurposeNotGranted;
  }
  const std::uint16_t recipient = policy.apps_[question.app].recipient;
  if (recipient >= policy.recipients_.size()) {
    return ReasonCode::kCannotDecide;
  }
  return policy.may_receive(recipient, question.purpose) ? ReasonCode::kNone
                                                         : ReasonCode::kNotARecipient;
}

ReasonCode check_erasure(const Case& c) {
  return c.person.erased ? ReasonCode::kErased : ReasonCode::kNone;
}

ReasonCode check_restriction(const Case& c) {
  if (!c.person.restricted_since || !c.purpose.when_restricted.empty() ||
      consented_after(c, *c.person.restricted_since)) {
    return ReasonCode::kNone;
  }
  return ReasonCode::kRestricted;
}

ReasonCode check_objection(const Case& c) {
  ReasonCode answer = ReasonCode::kNone;
  for (const ObjectionFact& fact : c.person.objections) {
    const bool marketing = c.purpose.covered_by_marketing_objection &&
                           (fact.purpose == kDirectMarketing ||
                            (c.purpose.direct_marketing && fact.purpose == c.index));
    const bool particular = c.purpose.can_be_objected && fact.purpose == c.index;
    if (!marketing && !particular) {
      continue;
    }
    switch (fact.status) {
      case ObjectionStatus::kWithdrawn:
        continue;
      case ObjectionStatus::kOverruled:
        // Nothing outweighs an objection to direct marketing (decision rule 17).
        if (!marketing) {
          continue;
        }
        [[fallthrough]];
      case ObjectionStatus::kRaised:
        if (!marketing || !consented_after(c, fact.at)) {
          return ReasonCode::kObjected;
        }
        continue;
    }
    answer = ReasonCode::kCannotDecide;  // a state that this version does not know
  }
  return answer;
}

ReasonCode check_minors(const Case& c) {
  if (!c.purpose.needs_consent) {
    return ReasonCode::kNone;
  }
  const ConsentParty party = c.party;
  if (party == ConsentParty::kNobody) {
    return ReasonCode::kAgeUnknown;
  }
  if (party == ConsentParty::kOwn) {
    return ReasonCode::kNone;
  }
  const ConsentFacts& facts = c.consents;
  return facts.guardian != nullptr && permits(facts.guardian->status) ? ReasonCode::kNone
                                                                      : ReasonCode::kGuardianNeeded;
}

ReasonCode check_consent(const Case& c) {
  if (!c.purpose.needs_consent) {
    return ReasonCode::kNone;
  }
  const ConsentFacts& facts = c.consents;
  if (facts.corrupt) {
    return ReasonCode::kCannotDecide;
  }
  switch (c.party) {
    case ConsentParty::kOwn:
    case ConsentParty::kNobody:
      return judge_consent(c, facts.own);
    case ConsentParty::kGuardian: {
      const ReasonCode refusal = own_refusal(facts.own);
      return refusal != ReasonCode::kNone ? refusal : judge_consent(c, facts.guardian);
    }
    case ConsentParty::kBoth: {
      const ReasonCode own = judge_consent(c, facts.own);
      return own != ReasonCode::kNone ? own : judge_consent(c, facts.guardian);
    }
  }
  return ReasonCode::kCannotDecide;
}

ReasonCode check_moment(const Case& c) {
  for (const std::uint16_t moment : c.purpose.moments) {
    if (!moment_holds(c.policy.moments_[moment], c.policy.zones_, c.question.now,
                      c.question.context)) {
      return ReasonCode::kOutsideMoment;
    }
  }
  return ReasonCode::kNone;
}

LevelAnswer fields_at_level(const Case& c) {
  const auto& levels = c.purpose.released_at;
  if (!c.purpose.needs_consent) {
    return {levels.back(), ReasonCode::kNotAtThisLevel};
  }
  const ConsentFacts& facts = c.consents;
  const ConsentParty party = c.party;
  std::uint8_t level = kUnknownLevel;
  if (party == ConsentParty::kOwn && facts.own != nullptr) {
    level = facts.own->level;
  } else if (party == ConsentParty::kGuardian && facts.guardian != nullptr) {
    level = facts.guardian->level;
  } else if (party == ConsentParty::kBoth && facts.own != nullptr && facts.guardian != nullptr) {
    level = std::min(facts.own->level, facts.guardian->level);
    if (std::max(facts.own->level, facts.guardian->level) >= levels.size()) {
      level = kUnknownLevel;
    }
  }
  if (level >= levels.size()) {
    return {FieldSet{}, ReasonCode::kCannotDecide};
  }
  return {levels[level], ReasonCode::kNotAtThisLevel};
}

}  // namespace fieldgate::policy
