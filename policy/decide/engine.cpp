#include "policy/decide/decision.h"
#include "policy/decide/retention.h"

#include <fieldgate/policy/engine.h>

namespace fieldgate::policy {

namespace {

// Reason codes are numbered in the order in which a refusal names them.
static_assert(ReasonCode::kUnknownField < ReasonCode::kUnknownPurpose &&
              ReasonCode::kUnknownPurpose < ReasonCode::kPurposeNotGranted &&
              ReasonCode::kPurposeNotGranted < ReasonCode::kNotForThisPurpose &&
              ReasonCode::kNotForThisPurpose < ReasonCode::kRestricted &&
              ReasonCode::kRestricted < ReasonCode::kObjected &&
              ReasonCode::kObjected < ReasonCode::kAgeUnknown &&
              ReasonCode::kGuardianNeeded < ReasonCode::kNoConsent &&
              ReasonCode::kExplicitConsentNeeded < ReasonCode::kOutsideMoment &&
              ReasonCode::kOutsideMoment < ReasonCode::kNotAtThisLevel &&
              ReasonCode::kNotAtThisLevel < ReasonCode::kPastRetention &&
              ReasonCode::kPastRetention < ReasonCode::kNoValue &&
              ReasonCode::kNoValue < ReasonCode::kCannotDecide);

class Withholding {
 public:
  explicit Withholding(Decision& decision) : decision_(decision) {}
  void add(const FieldSet& fields, ReasonCode reason) {
    if (fields.empty()) {
      return;
    }
    fields.for_each([&](FieldIndex field) { decision_.reasons[field] = reason; });
    decision_.withheld = decision_.withheld | fields;
    if (reason < first_) {
      first_ = reason;
    }
  }
  [[nodiscard]] ReasonCode first() const { return first_; }

 private:
  Decision& decision_;
  ReasonCode first_ = ReasonCode::kCannotDecide;
};

}  // namespace

FieldAnswers judge_fields(const Case& c) {
  FieldAnswers answers;
  answers.asked = c.question.all_fields ? c.purpose.fields : c.question.asked;
  answers.not_for_purpose = answers.asked - c.purpose.fields;
  const FieldSet ours = answers.asked & c.purpose.fields;
  const LevelAnswer level = fields_at_level(c);
  answers.level_reason = level.missing;
  answers.not_at_level = ours - level.fields;
  const FieldSet at_level = ours & level.fields;
  answers.not_held = at_level - c.person.held;
  const FieldSet held = at_level & c.person.held;
  const RetentionAnswer retention = check_retention(c, held);
  answers.past_retention = retention.past;
  answers.undated = retention.unknown;
  answers.released = (held - retention.past) - retention.unknown;
  answers.retain_until = retention.retain_until;
  return answers;
}

ReasonCode judge_read(const Case& c) {
  for (const Stage& stage : kStages) {
    const ReasonCode reason = stage.check(c);
    if (reason != ReasonCode::kNone) {
      return reason;
    }
  }
  return ReasonCode::kNone;
}

Decision refuse(const Question& question, ReasonCode reason) {
  Decision decision;
  decision.outcome = Outcome::kDeny;
  decision.code = reason;
  decision.reasons.fill(reason);
  if (!question.all_fields) {
    decision.withheld = question.asked;
  }
  return decision;
}

Decision make_decision(const Question& question, const FieldAnswers& fields,
                       ReasonCode read_reason) {
  Decision decision;
  decision.reasons.fill(ReasonCode::kNone);
  Withholding withholding(decision);
  withholding.add(fields.not_for_purpose, ReasonCode::kNotForThisPurpose);
  if (read_reason != ReasonCode::kNone) {
    withholding.add(fields.asked - fields.not_for_purpose, read_reason);
  } else {
    withholding.add(fields.not_at_level, fields.level_reason);
    withholding.add(fields.past_retention, ReasonCode::kPastRetention);
    withholding.add(fields.undated, ReasonCode::kCannotDecide);
    withholding.add(fields.not_held, ReasonCode::kNoValue);
    decision.released = fields.released;
    decision.retain_until = fields.retain_until;
  }
  if (decision.released.empty()) {
    decision.outcome = Outcome::kDeny;
    decision.code = withholding.first();
    decision.retain_until.reset();
    if (fields.asked.empty() && question.all_fields) {
      decision.code = ReasonCode::kNotForThisPurpose;  // a purpose without any field
    }
    if (question.all_fields) {
      decision.withheld = FieldSet{};
    }
  } else {
    decision.outcome = decision.withheld.empty() ? Outcome::kAllow : Outcome::kPartial;
    decision.code = ReasonCode::kNone;
  }
  return decision;
}

Decision Engine::decide(const Question& question, const PersonFacts& person) const {
  const CompiledPolicy* policy = as_compiled(policy_.get());
  if (policy == nullptr) {
    return refuse(question, ReasonCode::kCannotDecide);
  }
  if (!question.all_fields && !(question.asked - policy->known_fields_).empty()) {
    return refuse(question, ReasonCode::kUnknownField);
  }
  const ReasonCode granted = check_grant(*policy, question);
  if (granted != ReasonCode::kNone) {
    return refuse(question, granted);
  }
  // No time before 1970 or after 9000 is a moment at which anything may be read.
  if (question.now < UtcTime{} || !add_period(question.now, Period{})) {
    return refuse(question, ReasonCode::kCannotDecide);
  }
  const Case c = make_case(*policy, question, person);
  const ReasonCode read_reason = judge_read(c);
  if (read_reason != ReasonCode::kNone) {
    FieldAnswers fields;
    fields.asked = question.all_fields ? c.purpose.fields : question.asked;
    fields.not_for_purpose = fields.asked - c.purpose.fields;
    return make_decision(question, fields, read_reason);
  }
  return make_decision(question, judge_fields(c), ReasonCode::kNone);
}

Engine::Permitted Engine::permit(const SubjectId& subject, const Question& question,
                                 const PersonFacts& person) const {
  Permitted permitted{decide(question, person), std::nullopt};
  if (!permitted.decision.released.empty()) {
    permitted.permit = Permit(subject, permitted.decision.released);
  }
  return permitted;
}

}  // namespace fieldgate::policy
