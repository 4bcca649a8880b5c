// The same decision, told rule by rule. Nothing here decides: each sentence comes from the check
// that `decide` uses.
#include "policy/decide/decision.h"
#include "policy/model/transforms.h"

#include <fieldgate/policy/engine.h>

namespace fieldgate::policy {

namespace {

std::string tick(std::string_view word) {
  return '`' + std::string(word) + '`';
}

std::string list_fields(const CompiledPolicy& policy, const FieldSet& fields) {
  std::string text;
  fields.for_each([&](FieldIndex field) {
    text += text.empty() ? "" : ", ";
    text += field < policy.fields_.size() ? tick(policy.fields_[field].name) : "an unknown field";
  });
  return text;
}

std::string with_reason(std::string sentence, ReasonCode code) {
  if (code == ReasonCode::kNone) {
    return sentence + ": permits";
  }
  sentence += ": refuses, ";
  sentence += reason_name(code);
  return sentence;
}

class Teller {
 public:
  Teller(const Case& c, std::vector<RuleTrace>& rules) : c_(c), rules_(rules) {}

  void say(std::string_view rule, const Place& where, std::string says) {
    rules_.push_back({std::string(rule), c_.policy.position(where), std::move(says)});
  }

  void tell_restriction() {
    if (c_.person.erased) {
      say("erasure", c_.purpose.where, "the person's data is erased: refuses, erased");
    }
    if (!c_.person.restricted_since) {
      return;
    }
    const ReasonCode code = check_restriction(c_);
    if (!c_.purpose.when_restricted.empty()) {
      say("restriction", c_.purpose.restricted_where,
          "the person's data is restricted, and the purpose has a ground of Art. 18(2): permits");
      return;
    }
    say("restriction", c_.purpose.where,
        with_reason(code == ReasonCode::kNone
                        ? "consent to this purpose was given after the restriction"
                        : "the person's data is restricted and may only be stored",
                    code));
  }

  void tell_objections() {
    const ReasonCode code = check_objection(c_);
    bool any = false;
    for (const ObjectionFact& fact : c_.person.objections) {
      any = any || fact.purpose == c_.index ||
            (fact.purpose == kDirectMarketing && c_.purpose.covered_by_marketing_objection);
    }
    if (!any) {
      return;
    }
    std::string says;
    if (code != ReasonCode::kNone) {
      says = c_.purpose.covered_by_marketing_objection
                 ? "the person objected to direct marketing, which nothing outweighs"
                 : "the person objected and no compelling grounds are on record";
    } else if (!c_.purpose.can_be_objected && !c_.purpose.covered_by_marketing_objection) {
      says = "an objection does not touch a purpose on this basis";
    } else {
      says = "no objection is open";
    }
    say("objection", c_.purpose.basis_where, with_reason(std::move(says), code));
  }

  void tell_minors() {
    const ReasonCode code = check_minors(c_);
    const Place& where =
        c_.policy.minors_.present ? c_.policy.minors_.where : c_.purpose.basis_where;
    switch (c_.party) {
      case ConsentParty::kOwn:
        say("minors", where, "the person may consent without a guardian: permits");
        return;
      case ConsentParty::kNobody:
        say("minors", where, with_reason("the person's age is not known", code));
        return;
      case ConsentParty::kGuardian:
        say("minors", where,
            with_reason("the person is below the age of digital consent; a guardian's consent "
                        "counts",
                        code));
        return;
      case ConsentParty::kBoth:
        say("minors", where,
            with_reason("the person is below the age of digital consent; the child's and a "
                        "guardian's consent are needed",
                        code));
        return;
    }
  }

  std::string consent_words(const ConsentFact* fact, std::string_view whose) {
    std::string text(whose);
    text += " consent to " + tick(c_.policy.purposes_[c_.index].name);
    if (fact == nullptr) {
      return text + " is not on record";
    }
    text += " is ";
    const std::string_view status = consent_status_name(fact->status);
    text += status.empty() ? "in a state that is not known" : status;
    const std::uint16_t consent_text = c_.policy.purposes_[c_.index].consent_text;
    if (consent_text < c_.policy.texts_.size() &&
        fact->text_version < c_.policy.texts_[consent_text].versions.size()) {
      text += " on text ";
      text += tick(c_.policy.texts_[consent_text].versions[fact->text_version].name);
    } else {
      text += " on a text that the policy does not know";
    }
    return text;
  }

  void tell_consent() {
    const ReasonCode code = check_consent(c_);
    const ConsentFacts& facts = c_.consents;
    const ConsentParty party = c_.party;
    if (party != ConsentParty::kGuardian || facts.own != nullptr) {
      say("consent", c_.purpose.consent_where,
          with_reason(consent_words(facts.own, "the person's"),
                      party == ConsentParty::kGuardian ? code : judge_consent(c_, facts.own)));
    }
    if (party == ConsentParty::kGuardian || party == ConsentParty::kBoth) {
      say("consent", c_.purpose.consent_where,
          with_reason(consent_words(facts.guardian, "the guardian's"),
                      judge_consent(c_, facts.guardian)));
    }
    if (facts.corrupt) {
      say("consent", c_.purpose.consent_where,
          with_reason("two current consents are on record for one purpose", code));
    }
  }

  // Each moment on its own: where two disagree, the narrower wins and both are named.
  void tell_moments() {
    for (std::size_t i = 0; i < c_.purpose.moments.size(); ++i) {
      const Moment& moment = c_.policy.moments_[c_.purpose.moments[i]];
      const bool holds =
          moment_holds(moment, c_.policy.zones_, c_.question.now, c_.question.context);
      say("moment", c_.purpose.moment_places[i],
          with_reason("the moment " + tick(moment.name) + (holds ? " holds" : " does not hold"),
                      holds ? ReasonCode::kNone : ReasonCode::kOutsideMoment));
    }
  }

  void tell_fields(const FieldAnswers& answers) {
    const FieldSet ours = answers.asked - answers.not_for_purpose;
    if (!answers.not_for_purpose.empty()) {
      say("fields", c_.purpose.where,
          with_reason(
              "the purpose does not list " + list_fields(c_.policy, answers.not_for_purpose),
              ReasonCode::kNotForThisPurpose));
    }
    if (!ours.empty()) {
      say("fields", c_.purpose.where,
          with_reason("the purpose lists " + list_fields(c_.policy, ours), ReasonCode::kNone));
    }
    for (const FieldRule& rule : c_.purpose.rules) {
      if (rule.narrowed_by && ours.test(rule.field)) {
        const std::string says =
            "two lines name " + tick(c_.policy.fields_[rule.field].name) + "; the narrower counts";
        say("fields", rule.where, says);
        say("fields", *rule.narrowed_by, says);
      }
    }
    if (!answers.not_at_level.empty()) {
      say("level", c_.purpose.levels_where,
          with_reason("the level of the consent does not give " +
                          list_fields(c_.policy, answers.not_at_level),
                      answers.level_reason));
    }
    if (!answers.past_retention.empty()) {
      say("retention", c_.purpose.keep_where,
          with_reason(
              "the time to keep has ended for " + list_fields(c_.policy, answers.past_retention),
              ReasonCode::kPastRetention));
    }
    if (!answers.undated.empty()) {
      say("retention", c_.purpose.keep_where,
          with_reason(
              "the time to keep cannot be reckoned for " + list_fields(c_.policy, answers.undated),
              ReasonCode::kCannotDecide));
    }
    if (!answers.not_held.empty()) {
      say("value", c_.purpose.where,
          with_reason("no value is held of " + list_fields(c_.policy, answers.not_held),
                      ReasonCode::kNoValue));
    }
  }

 private:
  const Case& c_;
  std::vector<RuleTrace>& rules_;
};

void tell_grant(const CompiledPolicy& policy, const Question& question, ReasonCode code,
                std::vector<RuleTrace>& rules) {
  if (question.app >= policy.apps_.size()) {
    rules.push_back({"grant", {}, with_reason("the policy has no such app", code)});
    return;
  }
  const App& app = policy.apps_[question.app];
  const AppRules& app_rules = policy.app_rules_[question.app];
  if (question.purpose >= policy.purposes_.size()) {
    rules.push_back({"grant", {}, with_reason("the policy has no such purpose", code)});
    return;
  }
  const std::string& purpose = policy.purposes_[question.purpose].name;
  const bool granted = app_rules.grants(question.purpose);
  rules.push_back({"grant", policy.position(app_rules.purposes_where),
                   with_reason("the app " + tick(app.name) + (granted ? " has" : " has not") +
                                   " the purpose " + tick(purpose),
                               granted ? ReasonCode::kNone : ReasonCode::kPurposeNotGranted)});
  if (code == ReasonCode::kNotARecipient) {
    rules.push_back({"recipient", policy.position(policy.purpose_rules_[question.purpose].where),
                     with_reason("the app's recipient is not one for " + tick(purpose), code)});
  }
}

}  // namespace

Decision Engine::explain(const Question& question, const PersonFacts& person,
                         std::vector<RuleTrace>& rules) const {
  Decision decision = decide(question, person);
  const CompiledPolicy* policy = as_compiled(policy_.get());
  if (policy == nullptr) {
    rules.push_back({"policy", {}, with_reason("no policy is loaded", decision.code)});
    return decision;
  }
  if (decision.code == ReasonCode::kUnknownField) {
    rules.push_back(
        {"fields", {}, with_reason("the policy has no such field", ReasonCode::kUnknownField)});
  }
  const ReasonCode granted = check_grant(*policy, question);
  tell_grant(*policy, question, granted, rules);
  if (question.purpose >= policy->purposes_.size()) {
    return decision;
  }
  const Case c = make_case(*policy, question, person);
  if (question.now < UtcTime{} || !add_period(question.now, Period{})) {
    rules.push_back(
        {"time", policy->position(c.purpose.where),
         with_reason("the time of the read is not one to decide at", ReasonCode::kCannotDecide)});
    return decision;
  }
  Teller teller(c, rules);
  teller.tell_restriction();
  teller.tell_objections();
  if (c.purpose.needs_consent) {
    teller.tell_minors();
    teller.tell_consent();
  }
  teller.tell_moments();
  teller.tell_fields(judge_fields(c));
  return decision;
}

}  // namespace fieldgate::policy
