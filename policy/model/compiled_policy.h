// The one implementation of PolicySet: what the reader found, with masks made ready for decisions.
#pragma once

#include "policy/dpv/terms.h"
#include "policy/model/moment.h"
#include "policy/model/period.h"
#include "policy/model/place.h"

#include <fieldgate/policy/engine.h>
#include <fieldgate/policy/model.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fieldgate::policy {

enum class AutomatedDecision : std::uint8_t { kNone, kContract, kLaw, kExplicitConsent };

/// What the policy says about one field of one purpose.
struct FieldRule {
  FieldIndex field = 0;
  Transform transform;
  std::uint8_t level = 0;  ///< the lowest level that gives it
  Place where;
  std::optional<Place> narrowed_by;  ///< another line for the same field that tells less
};

/// Fields of one purpose that are kept equally long.
struct RetentionClass {
  Period period;
  FieldSet fields;
  Place where;
};

struct Transfer {
  std::string country;
  std::string safeguard;
  std::string recipient;
  Place where;
};

/// What a decision needs of one purpose, beside the public `Purpose`.
struct PurposeRules {
  // compiled
  FieldSet fields;
  std::vector<FieldSet> released_at;  ///< by level, each including the ones below; never empty
  std::vector<Transform> transforms;  ///< by FieldIndex
  std::vector<RetentionClass> retention;
  FieldSet without_keep;               ///< fields that no retention rule names
  std::vector<std::uint16_t> moments;  ///< all of them must hold
  std::vector<Place> moment_places;    ///< where the purpose names each
  std::optional<Period> refresh_after;
  std::vector<UtcTime> outdated_from;  ///< by text version: consent to it stops to permit
  bool consent_basis = false;
  bool needs_consent = false;
  bool needs_explicit = false;
  bool can_be_objected = false;  ///< bases 6(1)(e) and (f)
  bool covered_by_marketing_objection = false;
  bool direct_marketing = false;
  bool limits_recipients = false;  ///< `recipients` was given
  std::string when_restricted;     ///< the ground of 18(2) on which it goes on; empty: none
  // for lint, explain and tests
  std::vector<FieldRule> rules;  ///< in the order of the file
  std::string art10;
  std::string law;  ///< that asks for the purpose, or that governs it beside the GDPR
  std::string balancing_test;
  std::vector<std::pair<PurposeIndex, Place>> compatible_with;
  std::string compatibility_test;
  AutomatedDecision automated = AutomatedDecision::kNone;
  std::string automated_says;
  std::string automated_safeguards;
  std::vector<Transfer> transfers;
  std::vector<std::string> data_subjects;  ///< empty: those of the controller
  bool keeps_until_withdrawn = false;
  // what was written, whether or not it could be read: a fault is not reported twice
  bool faulty = false;
  bool basis_known = false;
  bool says_what = false;
  bool says_keep = false;
  bool says_balancing_test = false;
  bool says_marketing = false;
  bool says_fields = false;
  Place where;
  Place basis_where;
  Place consent_where;
  Place keep_where;
  Place restricted_where;
  Place levels_where;
  std::vector<Place> level_places;
};

struct AppRules {
  std::array<std::uint64_t, kMaxPurposes / 64> granted{};
  Place where;
  Place purposes_where;
  std::string says;
  std::string reason_detail;
  [[nodiscard]] bool grants(PurposeIndex purpose) const {
    return ((granted[purpose / 64U] >> (purpose % 64U)) & 1U) != 0;
  }
};

struct RecipientRules {
  bool is_controller = false;
  bool limits_purposes = false;  ///< its contract names the purposes
  bool says_safeguard = false;
  std::array<std::uint64_t, kMaxPurposes / 64> contract_purposes{};
  Place where;
};

enum class BelowAge : std::uint8_t { kGuardian, kChildAndGuardian };
enum class UnknownAge : std::uint8_t { kDeny, kAllow, kGuardian };

/// Youngest and oldest age of digital consent that a policy may set: GDPR 8(1) has the floor.
inline constexpr int kLowestThreshold = 13;
inline constexpr int kHighestThreshold = 18;
inline constexpr int kDefaultThreshold = 16;
inline constexpr int kOldestAge = 150;

struct Minors {
  bool present = false;
  int default_threshold = kDefaultThreshold;
  std::vector<std::pair<CountryCode, int>> thresholds;
  BelowAge default_below = BelowAge::kGuardian;
  std::vector<std::pair<CountryCode, BelowAge>> below;
  UnknownAge unknown = UnknownAge::kDeny;
  int highest_threshold = kDefaultThreshold;       ///< for a country that is not known
  BelowAge strictest_below = BelowAge::kGuardian;  ///< likewise
  Place where;
};

struct Invariant {
  std::string it;
  std::vector<AppIndex> apps;          ///< the apps it binds
  std::vector<PurposeIndex> purposes;  ///< the purposes it binds
  std::vector<FieldIndex> fields;
  std::optional<TransformKind> finer_than;
  Place where;
};

/// A term of the Data Privacy Vocabulary as the policy names it, for `policy check`.
struct TermUse {
  std::string term;
  TermKind kind = TermKind::kOther;  ///< what it must be
  Place where;
};

/// Who answers for the data (GDPR 13(1)(a)-(b), 30(1)(a) and (g)).
struct Controller {
  std::string name;
  std::string country;
  std::string address;
  std::string dpo;
  std::string authority;
  std::string representative;
  std::vector<std::string> joint_controllers;
  std::vector<std::string> data_subjects;      ///< unless a purpose names its own
  std::vector<std::string> security_measures;  ///< in words, or DPV terms
};

/// A person as a test or an explain request tells it; owns what `PersonFacts` views.
struct PersonRecord {
  bool erased = false;
  std::optional<UtcTime> restricted_since;
  std::optional<CountryCode> country;
  std::optional<Date> birth_date;
  std::optional<int> age;
  std::vector<ConsentFact> consents;
  std::vector<ConsentFact> guardian_consents;
  std::vector<ObjectionFact> objections;
  FieldSet held;
  std::vector<UtcTime> collected_at;
  [[nodiscard]] PersonFacts facts() const;
};

struct Expectation {
  std::optional<Outcome> outcome;
  std::optional<std::vector<std::string>> fields;
  std::vector<std::pair<std::string, ReasonCode>> withheld;
  std::optional<ReasonCode> code;
};

struct TestCase {
  std::string it;
  Place where;
  std::string app_name;
  std::string purpose_name;
  AppIndex app = kUnknownIndex;
  PurposeIndex purpose = kUnknownIndex;
  bool all_fields = true;
  FieldSet asked;
  std::vector<std::string> unknown_fields;
  UtcTime now{};
  std::array<std::string, 5> context;  ///< channel, country, place, device, event
  PersonRecord person;
  Expectation expect;
  [[nodiscard]] Question question() const;
};

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return std::hash<std::string_view>{}(name);
  }
};
using NameTable = std::unordered_map<std::string, std::uint16_t, NameHash, std::equal_to<>>;
[[nodiscard]] std::uint16_t find_name(const NameTable& table, std::string_view name);

/// Filled by the reader, then never changed.
class CompiledPolicy final : public PolicySet {
 public:
  [[nodiscard]] std::string_view version() const override { return version_; }
  [[nodiscard]] const std::vector<Field>& fields() const override { return fields_; }
  [[nodiscard]] const std::vector<Purpose>& purposes() const override { return purposes_; }
  [[nodiscard]] const std::vector<App>& apps() const override { return apps_; }
  [[nodiscard]] const std::vector<Recipient>& recipients() const override { return recipients_; }
  [[nodiscard]] const std::vector<ConsentText>& consent_texts() const override { return texts_; }
  [[nodiscard]] const std::vector<std::string>& domains() const override { return domains_; }
  [[nodiscard]] FieldIndex field(std::string_view name) const override {
    return find_name(field_names_, name);
  }
  [[nodiscard]] PurposeIndex purpose(std::string_view name) const override {
    return find_name(purpose_names_, name);
  }
  [[nodiscard]] AppIndex app(std::string_view name) const override {
    return find_name(app_names_, name);
  }
  [[nodiscard]] FieldIndex birth_date_field() const override { return birth_date_field_; }
  [[nodiscard]] FieldIndex country_field() const override { return country_field_; }
  [[nodiscard]] bool needs_facts(PurposeIndex purpose) const override;
  [[nodiscard]] const FieldSet& purpose_fields(PurposeIndex purpose) const override;
  [[nodiscard]] Transform transform(PurposeIndex purpose, FieldIndex field) const override;

  [[nodiscard]] SourcePosition position(const Place& place) const;
  /// True when the app has the purpose and its recipient may have it: a read by it is then a
  /// matter of the person's state alone.
  [[nodiscard]] bool may_read(AppIndex app, PurposeIndex purpose) const;
  /// Whether the recipient's contract and the purpose's own recipients allow it.
  [[nodiscard]] bool may_receive(std::uint16_t recipient, PurposeIndex purpose) const;

  std::string version_;
  Controller controller_;
  std::vector<TermUse> terms_;
  std::vector<std::string> files_;
  std::vector<Field> fields_;
  std::vector<Purpose> purposes_;
  std::vector<App> apps_;
  std::vector<Recipient> recipients_;
  std::vector<ConsentText> texts_;
  std::vector<std::string> domains_;
  NameTable field_names_;
  NameTable purpose_names_;
  NameTable app_names_;
  NameTable recipient_names_;
  NameTable text_names_;
  NameTable moment_names_;
  FieldIndex birth_date_field_ = kUnknownIndex;
  FieldIndex country_field_ = kUnknownIndex;

  std::vector<PurposeRules> purpose_rules_;
  std::vector<AppRules> app_rules_;
  std::vector<RecipientRules> recipient_rules_;
  std::vector<Moment> moments_;
  std::vector<ZoneTable> zones_;
  Minors minors_;
  std::vector<Invariant> invariants_;
  std::vector<TestCase> tests_;
  FieldSet known_fields_;
  /// Of a faulty policy: words that others were meant to be, and whether all fields of all purposes
  /// and all purposes of all apps could be read.
  std::set<std::string> meant_;
  bool fields_known_ = true;
};

/// The concrete policy behind a snapshot; null for any other implementation.
[[nodiscard]] const CompiledPolicy* as_compiled(const PolicySet* policy);

}  // namespace fieldgate::policy
