// The few facts that decide and are never returned: birth date and country (product promise 5).
#pragma once

#include <fieldgate/base/result.h>
#include <fieldgate/base/time.h>
#include <fieldgate/crypto/keys.h>
#include <fieldgate/policy/engine.h>
#include <fieldgate/store/profile.h>

#include <optional>
#include <string>
#include <string_view>

namespace fieldgate::read_path {

struct DecisionFacts {
  std::optional<policy::CountryCode> country;
  std::optional<Date> birth_date;
};

/// The plaintext that is sealed apart: "GB 1984-05-02"; "-" stands for what is not known.
[[nodiscard]] std::string encode_decision_facts(const DecisionFacts& facts);
/// `kCorrupt` on any other text.
[[nodiscard]] Result<DecisionFacts> decode_decision_facts(std::string_view text);

/// Opens a profile's facts; a profile without any has no known facts.
[[nodiscard]] Result<DecisionFacts> open_facts(const crypto::Keyring& keyring,
                                               const crypto::SubjectKey& key,
                                               const store::Profile& profile);

/// What a seal of the facts is bound to.
[[nodiscard]] crypto::FieldContext facts_context(const TenantId& tenant, const SubjectId& subject,
                                                 std::uint64_t version);

}  // namespace fieldgate::read_path
