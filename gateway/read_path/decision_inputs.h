// What one decision was made from, as a record's sealed part holds it, so that the same read can be
// decided again under another policy (docs/audit-format.md, "The sealed part"; ADR 15).
#pragma once

#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/policy/engine.h>
#include <fieldgate/store/profile.h>

#include "gateway/read_path/bound_policy.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace fieldgate::read_path {

/// Written first; any other is refused.
inline constexpr Byte kInputsVersion = 1;

/// The inputs, decoded. Names are the store's ids, which outlive policies. Only what can bear on
/// the record's own purpose is kept: no decision looks at the consents of another one.
struct DecisionInputs {
  bool all_fields = false;
  std::vector<store::NameId> asked;    ///< empty with `all_fields`
  std::array<std::string, 5> context;  ///< channel, country, place, device, event
  std::optional<UtcTime> restricted_since;
  bool facts_known = false;  ///< country and birth date were looked at
  std::optional<policy::CountryCode> country;
  std::optional<Date> birth_date;
  struct Consent {
    policy::ConsentStatus status = policy::ConsentStatus::kUnknown;
    store::NameId level = store::kNoName;
    store::NameId text_version = store::kNoName;
    bool is_explicit = false;
    bool by_guardian = false;
    UtcTime at{};
  };
  std::vector<Consent> consents;
  struct Objection {
    bool to_all_marketing = false;  ///< else to the record's purpose
    policy::ObjectionStatus status = policy::ObjectionStatus::kRaised;
    UtcTime at{};
  };
  std::vector<Objection> objections;
  struct Held {
    store::NameId field = store::kNoName;
    UtcTime collected_at{};
  };
  std::vector<Held> held;
};

/// Writes the inputs of a decision about `profile`. `facts_known` says whether the facts were
/// opened. The caller seals the bytes; they hold personal data.
[[nodiscard]] SecretBytes encode_decision_inputs(const BoundPolicy& policy,
                                                 const policy::Question& question,
                                                 const store::Profile& profile,
                                                 const policy::PersonFacts& person,
                                                 bool facts_known);

/// `recorded_at` is the record's own time. `kCorrupt` unless the bytes are exactly well-formed.
[[nodiscard]] Result<DecisionInputs> decode_decision_inputs(ByteView bytes, UtcTime recorded_at);

}  // namespace fieldgate::read_path
