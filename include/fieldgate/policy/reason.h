// The closed list of reasons why a field or a read is refused (docs/api.md, "Reason codes").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fieldgate::policy {

/// Stored in audit records by name: never give a name two meanings.
enum class ReasonCode : std::uint8_t {
  kNone = 0,
  kUnknownField,
  kUnknownPurpose,
  kPurposeNotGranted,
  kNotARecipient,
  kNotForThisPurpose,
  kNoSuchPerson,
  kErased,
  kRestricted,
  kObjected,
  kAgeUnknown,
  kGuardianNeeded,
  kNoConsent,
  kConsentRefused,
  kConsentWithdrawn,
  kConsentExpired,
  kConsentOutdated,
  kConsentInvalid,
  kExplicitConsentNeeded,
  kOutsideMoment,
  kNotAtThisLevel,
  kPastRetention,
  kNoValue,
  kCannotDecide,
};

/// "not-for-this-purpose"; empty for `kNone`.
[[nodiscard]] std::string_view reason_name(ReasonCode code);
/// "GDPR 5(1)(c)"; the source that a person is told.
[[nodiscard]] std::string_view reason_because(ReasonCode code);
[[nodiscard]] std::optional<ReasonCode> parse_reason(std::string_view name);

}  // namespace fieldgate::policy
