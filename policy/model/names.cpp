// The words of the closed lists, and their sources.
#include <fieldgate/policy/engine.h>
#include <fieldgate/policy/reason.h>

#include <array>
#include <utility>

namespace fieldgate::policy {

namespace {

struct ReasonWords {
  ReasonCode code;
  std::string_view name;
  std::string_view because;
};
constexpr std::array<ReasonWords, 23> kReasons{{
    {ReasonCode::kUnknownField, "unknown-field", "GDPR 5(1)(c), 25(2)"},
    {ReasonCode::kUnknownPurpose, "unknown-purpose", "GDPR 5(1)(b), 6(1)"},
    {ReasonCode::kPurposeNotGranted, "purpose-not-granted", "GDPR 5(1)(b), 32(4)"},
    {ReasonCode::kNotARecipient, "not-a-recipient", "GDPR 28(3)(a), 29"},
    {ReasonCode::kNotForThisPurpose, "not-for-this-purpose", "GDPR 5(1)(c)"},
    {ReasonCode::kNoSuchPerson, "no-such-person", "GDPR 5(1)(c)"},
    {ReasonCode::kErased, "erased", "GDPR 17(1)"},
    {ReasonCode::kRestricted, "restricted", "GDPR 18(2)"},
    {ReasonCode::kObjected, "objected", "GDPR 21(1)-(3)"},
    {ReasonCode::kAgeUnknown, "age-unknown", "GDPR 8(1)-(2)"},
    {ReasonCode::kGuardianNeeded, "guardian-needed", "GDPR 8(1)-(2)"},
    {ReasonCode::kNoConsent, "no-consent", "GDPR 6(1)(a), 4(11)"},
    {ReasonCode::kConsentRefused, "consent-refused", "GDPR 6(1)(a), 4(11)"},
    {ReasonCode::kConsentWithdrawn, "consent-withdrawn", "GDPR 7(3)"},
    {ReasonCode::kConsentExpired, "consent-expired", "EDPB Guidelines 05/2020, 110-111"},
    {ReasonCode::kConsentOutdated, "consent-outdated", "EDPB Guidelines 05/2020, 110"},
    {ReasonCode::kConsentInvalid, "consent-invalid", "GDPR 7(1)"},
    {ReasonCode::kExplicitConsentNeeded, "explicit-consent-needed", "GDPR 9(2)(a), 22(2)(c)"},
    {ReasonCode::kOutsideMoment, "outside-moment", "GDPR 5(1)(b)"},
    {ReasonCode::kNotAtThisLevel, "not-at-this-level", "GDPR 7(2), 4(11)"},
    {ReasonCode::kPastRetention, "past-retention", "GDPR 5(1)(e)"},
    {ReasonCode::kNoValue, "no-value", "GDPR 5(1)(c)"},
    {ReasonCode::kCannotDecide, "cannot-decide", "GDPR 5(2), 25(2)"},
}};

constexpr std::array<std::pair<ConsentStatus, std::string_view>, 11> kStatuses{{
    {ConsentStatus::kUnknown, "unknown"},
    {ConsentStatus::kRequested, "requested"},
    {ConsentStatus::kDeferred, "deferred"},
    {ConsentStatus::kGiven, "given"},
    {ConsentStatus::kRenewed, "renewed"},
    {ConsentStatus::kRefused, "refused"},
    {ConsentStatus::kWithdrawn, "withdrawn"},
    {ConsentStatus::kRevoked, "revoked"},
    {ConsentStatus::kExpired, "expired"},
    {ConsentStatus::kTerminated, "terminated"},
    {ConsentStatus::kInvalidated, "invalidated"},
}};

}  // namespace

std::string_view reason_name(ReasonCode code) {
  for (const ReasonWords& words : kReasons) {
    if (words.code == code) {
      return words.name;
    }
  }
  return {};
}

std::string_view reason_because(ReasonCode code) {
  for (const ReasonWords& words : kReasons) {
    if (words.code == code) {
      return words.because;
    }
  }
  return {};
}

std::optional<ReasonCode> parse_reason(std::string_view name) {
  for (const ReasonWords& words : kReasons) {
    if (words.name == name) {
      return words.code;
    }
  }
  return std::nullopt;
}

std::string_view consent_status_name(ConsentStatus status) {
  for (const auto& [known, name] : kStatuses) {
    if (known == status) {
      return name;
    }
  }
  return {};
}

std::optional<ConsentStatus> parse_consent_status(std::string_view name) {
  for (const auto& [status, known] : kStatuses) {
    if (known == name) {
      return status;
    }
  }
  return std::nullopt;
}

std::optional<CountryCode> parse_country(std::string_view text) {
  if (text.size() != 2 || text[0] < 'A' || text[0] > 'Z' || text[1] < 'A' || text[1] > 'Z') {
    return std::nullopt;
  }
  return CountryCode{{text[0], text[1]}};
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDeny:
      return "deny";
    case Outcome::kPartial:
      return "partial";
    case Outcome::kAllow:
      return "allow";
  }
  return "deny";
}

}  // namespace fieldgate::policy
