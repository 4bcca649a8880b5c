// A validated policy as an immutable snapshot: dense indexes, compiled masks.
#pragma once

#include <fieldgate/base/diagnostic.h>
#include <fieldgate/base/field_set.h>
#include <fieldgate/base/time.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::policy {

inline constexpr std::size_t kMaxPurposes = 1024;
inline constexpr std::size_t kMaxApps = 1024;
inline constexpr std::size_t kMaxNameBytes = 64;  ///< of any name in a policy

using PurposeIndex = std::uint16_t;
using AppIndex = std::uint16_t;
/// "No such purpose / app / field in this snapshot."
inline constexpr std::uint16_t kUnknownIndex = 0xffff;
/// In an `ObjectionFact`: the objection covers all direct marketing (decision rule 17).
inline constexpr PurposeIndex kDirectMarketing = 0xfffe;
/// What such an objection names in place of a purpose; no purpose may have this name.
inline constexpr std::string_view kDirectMarketingName = "direct-marketing";

enum class FieldType : std::uint8_t {
  kText,
  kEmail,
  kPhone,
  kCountry,
  kDate,
  kList,
  kMoney,
  kNumber,
  kBoolean
};
enum class Special : std::uint8_t { kNone, kArt9, kArt10 };
enum class Basis : std::uint8_t {
  kConsent,
  kContract,
  kLegalObligation,
  kVitalInterest,
  kPublicTask,
  kLegitimateInterest,
};
/// "legitimate-interest": as a policy writes it, and as audit records store it.
[[nodiscard]] std::string_view basis_name(Basis basis);

enum class TransformKind : std::uint8_t {
  kShow,
  kMaskLast4,
  kYear,
  kBand10,
  kPrefix2,
  kCity,
  kCountry,
  kPseudonymise,
  kRound2,
};
/// What is done to an opened value before it is returned (docs/policy-language.md, "Transforms").
struct Transform {
  TransformKind kind = TransformKind::kShow;
  std::uint16_t domain = 0;  ///< for `kPseudonymise`: index into `PolicySet::domains()`
  friend bool operator==(const Transform&, const Transform&) = default;
};

struct Field {
  std::string name;
  std::string says;
  FieldType type = FieldType::kText;
  std::string category;  ///< DPV term, e.g. "pd:EmailAddress"
  Special special = Special::kNone;
  bool identifier_direct = false;
  bool identifier_indirect = false;
  std::string source;
  SourcePosition where;
};

struct Recipient {
  std::string name;
  std::string says;
  std::string role;  ///< "controller", "processor", …
  std::string contract;
  std::string country;
  std::string safeguard;
  SourcePosition where;
};

struct App {
  std::string name;
  std::uint16_t recipient = kUnknownIndex;
  std::vector<PurposeIndex> purposes;  ///< granted
  PurposeIndex default_purpose = kUnknownIndex;
  std::vector<std::string> roles;  ///< e.g. "ingest", "consent", "dpo"
  SourcePosition where;
};

/// One version of the text that people are shown when they are asked for consent.
struct ConsentTextVersion {
  std::string name;  ///< "v1"
  Date from{};       ///< begins at 00:00 UTC
  bool processing_changed = false;
  std::vector<std::pair<std::string, std::string>> files;  ///< language -> path beside the policy
  SourcePosition where;
};
struct ConsentText {
  std::string name;
  std::vector<ConsentTextVersion> versions;  ///< in order of `from`
  SourcePosition where;
};

struct Level {
  std::string name;  ///< "basic", "full"; the first is the lowest
};

struct Purpose {
  std::string name;
  std::string says;
  std::string benefit;
  std::string dpv_purpose;
  Basis basis = Basis::kConsent;
  std::string art9;  ///< the 9(2) condition, e.g. "explicit-consent"; empty: none
  bool direct_marketing = false;
  bool profiling = false;
  std::uint16_t consent_text = kUnknownIndex;  ///< index into `consent_texts()`
  std::vector<Level> levels;                   ///< empty: the purpose has no levels
  std::vector<std::uint16_t> recipients;       ///< named beside the apps' own
  SourcePosition where;
};

/// The whole policy. Immutable and thread-safe once loaded; kept by `std::shared_ptr<const …>`.
class PolicySet {
 public:
  virtual ~PolicySet() = default;

  [[nodiscard]] virtual std::string_view version() const = 0;  ///< the file's own, "2026-11"
  [[nodiscard]] virtual const std::vector<Field>& fields() const = 0;
  [[nodiscard]] virtual const std::vector<Purpose>& purposes() const = 0;
  [[nodiscard]] virtual const std::vector<App>& apps() const = 0;
  [[nodiscard]] virtual const std::vector<Recipient>& recipients() const = 0;
  [[nodiscard]] virtual const std::vector<ConsentText>& consent_texts() const = 0;
  [[nodiscard]] virtual const std::vector<std::string>& domains() const = 0;

  /// By name; `kUnknownIndex` when there is none. No allocation.
  [[nodiscard]] virtual FieldIndex field(std::string_view name) const = 0;
  [[nodiscard]] virtual PurposeIndex purpose(std::string_view name) const = 0;
  [[nodiscard]] virtual AppIndex app(std::string_view name) const = 0;

  /// The policy's fields that hold decision facts (`minors.age_from`, and the field of type
  /// country); `kUnknownIndex` when there is none.
  [[nodiscard]] virtual FieldIndex birth_date_field() const = 0;
  [[nodiscard]] virtual FieldIndex country_field() const = 0;
  /// True when a decision for this purpose needs to know age or country, so that the gateway need
  /// not open the decision facts where they cannot matter.
  [[nodiscard]] virtual bool needs_facts(PurposeIndex purpose) const = 0;
  /// Every field that the purpose could ever return, at any level.
  [[nodiscard]] virtual const FieldSet& purpose_fields(PurposeIndex purpose) const = 0;
  /// How the purpose returns the field; only for a field of `purpose_fields`.
  [[nodiscard]] virtual Transform transform(PurposeIndex purpose, FieldIndex field) const = 0;
};

using PolicySnapshot = std::shared_ptr<const PolicySet>;

}  // namespace fieldgate::policy
