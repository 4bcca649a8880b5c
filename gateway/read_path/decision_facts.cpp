#include "gateway/read_path/decision_facts.h"

namespace fieldgate::read_path {

namespace {
constexpr std::string_view kUnknown = "-";
}

std::string encode_decision_facts(const DecisionFacts& facts) {
  std::string text = facts.country
                         ? std::string(facts.country->letters.data(), facts.country->letters.size())
                         : std::string(kUnknown);
  text += ' ';
  text += facts.birth_date ? format_date(*facts.birth_date) : std::string(kUnknown);
  return text;
}

Result<DecisionFacts> decode_decision_facts(std::string_view text) {
  const std::size_t gap = text.find(' ');
  const auto damaged = [] {
    return make_error(ErrorCode::kCorrupt, "the decision facts are not well-formed");
  };
  if (gap == std::string_view::npos) {
    return damaged();
  }
  DecisionFacts facts;
  if (const std::string_view country = text.substr(0, gap); country != kUnknown) {
    facts.country = policy::parse_country(country);
    if (!facts.country) {
      return damaged();
    }
  }
  if (const std::string_view birth = text.substr(gap + 1); birth != kUnknown) {
    facts.birth_date = parse_date(birth);
    if (!facts.birth_date) {
      return damaged();
    }
  }
  return facts;
}

crypto::FieldContext facts_context(const TenantId& tenant, const SubjectId& subject,
                                   std::uint64_t version) {
  crypto::FieldContext context;
  context.tenant = tenant;
  context.subject = subject;
  context.field = "decision-facts";
  context.type = crypto::ValueType::kDecisionFacts;
  context.value_version = version;
  return context;
}

Result<DecisionFacts> open_facts(const crypto::Keyring& keyring, const crypto::SubjectKey& key,
                                 const store::Profile& profile) {
  if (profile.facts().empty()) {
    return DecisionFacts{};
  }
  FIELDGATE_TRY(
      const SecretBytes text,
      crypto::open_decision_facts(
          key, facts_context(keyring.tenant(), profile.subject(), profile.facts_version()),
          profile.facts()));
  return decode_decision_facts(text.reveal_text());
}

}  // namespace fieldgate::read_path
