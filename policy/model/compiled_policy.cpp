#include "policy/model/compiled_policy.h"

#include <algorithm>
#include <typeinfo>

namespace fieldgate::policy {

PersonFacts PersonRecord::facts() const {
  PersonFacts facts;
  facts.erased = erased;
  facts.restricted_since = restricted_since;
  facts.country = country;
  facts.birth_date = birth_date;
  facts.age = age;
  facts.consents = consents;
  facts.guardian_consents = guardian_consents;
  facts.objections = objections;
  facts.held = held;
  facts.collected_at = collected_at;
  return facts;
}

Question TestCase::question() const {
  Question question;
  question.app = app;
  question.purpose = purpose;
  question.all_fields = all_fields;
  question.asked = asked;
  question.now = now;
  question.context = {context[0], context[1], context[2], context[3], context[4]};
  return question;
}

std::uint16_t find_name(const NameTable& table, std::string_view name) {
  const auto found = table.find(name);
  return found == table.end() ? kUnknownIndex : found->second;
}

bool CompiledPolicy::needs_facts(PurposeIndex purpose) const {
  return purpose < purpose_rules_.size() && purpose_rules_[purpose].needs_consent;
}

const FieldSet& CompiledPolicy::purpose_fields(PurposeIndex purpose) const {
  static constexpr FieldSet kNothing;
  return purpose < purpose_rules_.size() ? purpose_rules_[purpose].fields : kNothing;
}

Transform CompiledPolicy::transform(PurposeIndex purpose, FieldIndex field) const {
  return purpose_rules_.at(purpose).transforms.at(field);
}

SourcePosition CompiledPolicy::position(const Place& place) const {
  return {place.file < files_.size() ? files_[place.file] : std::string{}, place.line,
          place.column};
}

bool CompiledPolicy::may_receive(std::uint16_t recipient, PurposeIndex purpose) const {
  const RecipientRules& rules = recipient_rules_[recipient];
  if (rules.limits_purposes &&
      ((rules.contract_purposes[purpose / 64U] >> (purpose % 64U)) & 1U) == 0) {
    return false;
  }
  const auto& named = purposes_[purpose].recipients;
  return !purpose_rules_[purpose].limits_recipients || rules.is_controller ||
         std::find(named.begin(), named.end(), recipient) != named.end();
}

bool CompiledPolicy::may_read(AppIndex app, PurposeIndex purpose) const {
  return app_rules_[app].grants(purpose) && apps_[app].recipient < recipients_.size() &&
         may_receive(apps_[app].recipient, purpose);
}

const CompiledPolicy* as_compiled(const PolicySet* policy) {
  // A type comparison, not a dynamic_cast: this runs for every decision.
  if (policy == nullptr || typeid(*policy) != typeid(CompiledPolicy)) {
    return nullptr;
  }
  return static_cast<const CompiledPolicy*>(policy);
}

}  // namespace fieldgate::policy
