#include "gateway/replay/recorded_inputs.h"

#include <fieldgate/policy/review.h>

namespace fieldgate::replay {

FieldIndex RecordedInputs::field_of(store::NameId name) {
  while (fields_.size() <= name) {
    fields_.push_back(policy_.field(names_.name(static_cast<store::NameId>(fields_.size()))));
  }
  return fields_[name];
}

std::uint8_t RecordedInputs::level_of(const policy::Purpose& purpose, store::NameId level) const {
  if (level == store::kNoName) {
    return policy::kLowestLevel;
  }
  const std::string_view name = names_.name(level);
  for (std::size_t i = 0; i < purpose.levels.size(); ++i) {
    if (purpose.levels[i].name == name) {
      return static_cast<std::uint8_t>(i);
    }
  }
  return policy::kUnknownLevel;
}

std::uint16_t RecordedInputs::text_of(const policy::Purpose& purpose, store::NameId version) const {
  if (purpose.consent_text == policy::kUnknownIndex || version == store::kNoName) {
    return policy::kUnknownText;
  }
  const std::string_view name = names_.name(version);
  const auto& versions = policy_.consent_texts()[purpose.consent_text].versions;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (versions[i].name == name) {
      return static_cast<std::uint16_t>(i);
    }
  }
  return policy::kUnknownText;
}

void RecordedInputs::gather(policy::PurposeIndex index, const read_path::DecisionInputs& inputs) {
  const policy::Purpose& purpose = policy_.purposes()[index];
  own_.clear();
  guardian_.clear();
  objections_.clear();
  for (const auto& consent : inputs.consents) {
    (consent.by_guardian ? guardian_ : own_)
        .push_back({index, consent.status, level_of(purpose, consent.level),
                    text_of(purpose, consent.text_version), consent.at, consent.is_explicit});
  }
  for (const auto& objection : inputs.objections) {
    objections_.push_back({objection.to_all_marketing ? policy::kDirectMarketing : index,
                           objection.status, objection.at});
  }
}

policy::Decision RecordedInputs::decide(const policy::Engine& engine, policy::Question question,
                                        const read_path::DecisionInputs& inputs) {
  const auto& words = inputs.context;
  question.context = {words[0], words[1], words[2], words[3], words[4]};
  question.all_fields = inputs.all_fields;
  bool all_known = true;
  for (const store::NameId name : inputs.asked) {
    const FieldIndex field = field_of(name);
    all_known = all_known && field != policy::kUnknownIndex;
    if (field != policy::kUnknownIndex) {
      question.asked.set(field);
    }
  }
  if (!all_known) {
    return policy::refuse_unknown_field(question);
  }
  gather(question.purpose, inputs);
  policy::PersonFacts person;
  collected_at_.assign(policy_.fields().size(), UtcTime{});
  for (const auto& held : inputs.held) {
    const FieldIndex field = field_of(held.field);
    if (field != policy::kUnknownIndex) {
      person.held.set(field);
      collected_at_[field] = held.collected_at;
    }
  }
  person.restricted_since = inputs.restricted_since;
  person.country = inputs.country;
  person.birth_date = inputs.birth_date;
  person.consents = own_;
  person.guardian_consents = guardian_;
  person.objections = objections_;
  person.collected_at = collected_at_;
  return engine.decide(question, person);
}

}  // namespace fieldgate::replay
