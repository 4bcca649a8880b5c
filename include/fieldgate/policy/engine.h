// The pure decision: facts and a question in, a decision out. No clock, no I/O, no crypto.
#pragma once

#include <fieldgate/base/permit.h>
#include <fieldgate/policy/model.h>
#include <fieldgate/policy/reason.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::policy {

/// ISO/IEC TS 27560 with DPV; only given and renewed permit (decision rule 5).
enum class ConsentStatus : std::uint8_t {
  kUnknown = 0,
  kRequested,
  kDeferred,
  kGiven,
  kRenewed,
  kRefused,
  kWithdrawn,
  kRevoked,
  kExpired,
  kTerminated,
  kInvalidated,
};
[[nodiscard]] std::string_view consent_status_name(ConsentStatus status);
[[nodiscard]] std::optional<ConsentStatus> parse_consent_status(std::string_view name);

inline constexpr std::uint8_t kLowestLevel = 0;
/// A level or text version that the policy does not know: never permits.
inline constexpr std::uint8_t kUnknownLevel = 0xff;
inline constexpr std::uint16_t kUnknownText = 0xffff;

/// The current state of one consent (the ledger's projection), in indexes of the snapshot.
struct ConsentFact {
  PurposeIndex purpose = kUnknownIndex;
  ConsentStatus status = ConsentStatus::kUnknown;
  std::uint8_t level = kLowestLevel;          ///< index into `Purpose::levels`
  std::uint16_t text_version = kUnknownText;  ///< index into the versions of the purpose's text
  UtcTime at{};                               ///< when the person acted
  bool is_explicit = false;
};

enum class ObjectionStatus : std::uint8_t { kRaised = 1, kWithdrawn = 2, kOverruled = 3 };
struct ObjectionFact {
  PurposeIndex purpose = kUnknownIndex;  ///< or `kDirectMarketing`
  ObjectionStatus status = ObjectionStatus::kRaised;
  UtcTime at{};
};

/// Two upper-case letters, ISO 3166-1 alpha-2.
struct CountryCode {
  std::array<char, 2> letters{};
  friend bool operator==(const CountryCode&, const CountryCode&) = default;
};
[[nodiscard]] std::optional<CountryCode> parse_country(std::string_view text);

/// What is known about the person at the moment of the decision. Views: the caller keeps the
/// arrays alive during the call. Absent facts are treated as the narrowest reading.
struct PersonFacts {
  bool erased = false;
  std::optional<UtcTime> restricted_since;
  std::optional<CountryCode> country;
  std::optional<Date> birth_date;
  std::optional<int> age;                 ///< in place of a birth date (policy tests)
  std::span<const ConsentFact> consents;  ///< the person's own
  std::span<const ConsentFact> guardian_consents;
  std::span<const ObjectionFact> objections;
  FieldSet held;                          ///< fields with a stored value
  std::span<const UtcTime> collected_at;  ///< by FieldIndex; used for `held` fields only
};

/// Where and how a read happens; narrows by moments, never widens (decision rule 32).
struct Context {
  std::string_view channel;
  std::string_view country;
  std::string_view place;
  std::string_view device;
  std::string_view event;
};

struct Question {
  AppIndex app = kUnknownIndex;
  PurposeIndex purpose = kUnknownIndex;
  bool all_fields = false;  ///< no list was given: everything that the purpose allows
  FieldSet asked;
  UtcTime now{};
  Context context;
};

enum class Outcome : std::uint8_t { kDeny = 0, kPartial = 1, kAllow = 2 };
[[nodiscard]] std::string_view outcome_name(Outcome outcome);

/// Fixed size, no allocation.
struct Decision {
  Outcome outcome = Outcome::kDeny;
  ReasonCode code = ReasonCode::kCannotDecide;  ///< why nothing is released; kNone unless kDeny
  FieldSet released;
  FieldSet withheld;                           ///< asked and not released
  std::array<ReasonCode, kMaxFields> reasons;  ///< meaningful at the members of `withheld` only
  std::optional<UtcTime> retain_until;         ///< the earliest end of retention among `released`
};

/// One rule that spoke, for `explain`.
struct RuleTrace {
  std::string rule;      ///< "consent", "retention", …
  SourcePosition where;  ///< the policy line that it stands on
  std::string says;      ///< a plain sentence
};

class Engine {
 public:
  explicit Engine(PolicySnapshot policy) : policy_(std::move(policy)) {}
  [[nodiscard]] const PolicySnapshot& policy() const { return policy_; }

  /// Decides. Never throws, never allocates; any inner error is `kDeny` with `kCannotDecide`
  /// (decision rule 34). With `all_fields` and a deny, `withheld` is empty. Where several reasons
  /// apply to a field it names the first in the order of docs/api.md. Thread-safe.
  [[nodiscard]] Decision decide(const Question& question, const PersonFacts& person) const;

  /// As `decide`, and appends every rule that spoke, not only the first.
  [[nodiscard]] Decision explain(const Question& question, const PersonFacts& person,
                                 std::vector<RuleTrace>& rules) const;

  /// Decides about `subject` and gives the capability to open exactly the released fields; no
  /// permit when nothing is released.
  struct Permitted {
    Decision decision;
    std::optional<Permit> permit;
  };
  [[nodiscard]] Permitted permit(const SubjectId& subject, const Question& question,
                                 const PersonFacts& person) const;

 private:
  PolicySnapshot policy_;
};

}  // namespace fieldgate::policy
