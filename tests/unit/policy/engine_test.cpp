// What in-file tests cannot show: bad states, no allocation, permits, the fold, limits, explain.
#include "policy_fixture.h"

#include <fieldgate/policy/consent_state.h>
#include <fieldgate/policy/diff.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

// Counts every allocation of this test program, so that `decide` can be shown to make none. Not
// inlined: gcc would otherwise see `free` meet memory of `new`, and take it for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) {
    return memory;
  }
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace fieldgate::policy::testing {
namespace {

constexpr const char* kPolicy = R"(policy: "1"
fields:
  a: {type: text}
  b: {type: text}
  c: {type: text}
  born: {type: date}
recipients:
  r: {role: controller, country: IE}
apps:
  w: {recipient: r, purposes: [tips, plain]}
  none: {recipient: r}
moments:
  day: {hours: "07:00-22:00 Europe/Dublin"}
purposes:
  tips:
    says: Tips
    basis: consent
    consent: {text: tips, refresh_after: P24M}
    fields: {a: show, b: {mask: last-4}}
    levels: {low: {}, high: {c: show}}
    only_when: [day]
    keep: P1Y
  plain:
    says: Plain
    basis: contract
    fields: {a: show}
    keep: {a: P30D}
minors: {age_from: born, thresholds: {default: 16}}
consent_texts:
  tips:
    v1: {from: 2026-01-01, files: {en: t.md}}
)";

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    policy_ = must_load(kPolicy);
    ASSERT_NE(policy_, nullptr);
    question_.app = policy_->app("w");
    question_.purpose = policy_->purpose("tips");
    question_.all_fields = true;
    question_.now = at("2026-11-02T12:00:00Z");
    consents_.push_back(
        {question_.purpose, ConsentStatus::kGiven, 1, 0, at("2026-10-01T12:00:00Z"), false});
    for (FieldIndex field = 0; field < 4; ++field) {
      person_.held.set(field);
    }
    collected_.assign(4, at("2026-10-01T12:00:00Z"));
    person_.age = 40;
    bind();
  }
  void bind() {
    person_.consents = consents_;
    person_.objections = objections_;
    person_.collected_at = collected_;
  }
  Decision decide() {
    bind();
    return Engine(policy_).decide(question_, person_);
  }

  PolicySnapshot policy_;
  Question question_;
  PersonFacts person_;
  std::vector<ConsentFact> consents_;
  std::vector<ObjectionFact> objections_;
  std::vector<UtcTime> collected_;
};

TEST_F(EngineTest, PermitsAndSaysHowLong) {
  const Decision decision = decide();
  EXPECT_EQ(decision.outcome, Outcome::kAllow);
  EXPECT_EQ(decision.code, ReasonCode::kNone);
  EXPECT_EQ(decision.released.count(), 3U);
  ASSERT_TRUE(decision.retain_until.has_value());
  EXPECT_EQ(format_rfc3339(*decision.retain_until), "2027-10-01T12:00:00Z");
}

TEST_F(EngineTest, NamesTheEarliestEndAmongTheReleasedFields) {
  collected_ = {at("2026-01-31T10:00:00Z"), at("2026-01-29T12:00:00Z"), at("2026-01-30T01:00:00Z"),
                at("2026-01-01T00:00:00Z")};
  question_.now = at("2026-11-02T12:00:00Z");
  EXPECT_EQ(format_rfc3339(*decide().retain_until), "2027-01-29T12:00:00Z");
}

TEST_F(EngineTest, WithoutAPolicyNothingIsReleased) {
  const Decision decision = Engine(nullptr).decide(question_, person_);
  EXPECT_EQ(decision.outcome, Outcome::kDeny);
  EXPECT_EQ(decision.code, ReasonCode::kCannotDecide);
}

TEST_F(EngineTest, UnknownIndexesAreRefused) {
  question_.purpose = kUnknownIndex;
  EXPECT_EQ(decide().code, ReasonCode::kUnknownPurpose);
  question_.purpose = policy_->purpose("tips");
  question_.app = kUnknownIndex;
  EXPECT_EQ(decide().code, ReasonCode::kPurposeNotGranted);
  question_.app = policy_->app("none");
  EXPECT_EQ(decide().code, ReasonCode::kPurposeNotGranted);
  question_.app = policy_->app("w");
  question_.all_fields = false;
  question_.asked.set(511);
  const Decision decision = decide();
  EXPECT_EQ(decision.code, ReasonCode::kUnknownField);
  EXPECT_TRUE(decision.released.empty());
  EXPECT_TRUE(decision.withheld.test(511));
}

TEST_F(EngineTest, AskingForNothingGivesNothing) {
  question_.all_fields = false;
  EXPECT_EQ(decide().outcome, Outcome::kDeny);
}

TEST_F(EngineTest, BadStatesAreRefused) {
  consents_[0].status = static_cast<ConsentStatus>(77);
  EXPECT_EQ(decide().code, ReasonCode::kCannotDecide);
  consents_[0].status = ConsentStatus::kGiven;
  consents_[0].level = kUnknownLevel;
  EXPECT_EQ(decide().code, ReasonCode::kCannotDecide);
  consents_[0].level = 2;
  EXPECT_EQ(decide().code, ReasonCode::kCannotDecide);
  consents_[0].level = 1;
  consents_[0].text_version = 1;
  EXPECT_EQ(decide().code, ReasonCode::kCannotDecide);
  consents_[0].text_version = kUnknownText;
  EXPECT_EQ(decide().code, ReasonCode::kCannotDecide);
  consents_[0].text_version = 0;
  EXPECT_EQ(decide().outcome, Outcome::kAllow);
  consents_.push_back(consents_[0]);
  EXPECT_EQ(decide().code, ReasonCode::kCannotDecide);
  consents_.pop_back();
  question_.now = UtcTime::max();
  EXPECT_EQ(decide().code, ReasonCode::kCannotDecide);
  question_.now = UtcTime::min();
  EXPECT_EQ(decide().code, ReasonCode::kCannotDecide);
}

TEST_F(EngineTest, AnUnknownObjectionStateIsRefused) {
  const PolicySnapshot policy = must_load(
      "policy: \"1\"\nfields: {a: {type: text}}\nrecipients: {r: {role: controller}}\n"
      "apps: {w: {recipient: r, purposes: [p]}}\n"
      "purposes: {p: {basis: public-task, fields: {a: show}, keep: P1Y}}\n");
  question_.purpose = 0;
  objections_.push_back({0, static_cast<ObjectionStatus>(9), {}});
  bind();
  EXPECT_EQ(Engine(policy).decide(question_, person_).code, ReasonCode::kCannotDecide);
  objections_.clear();
  bind();
  EXPECT_EQ(Engine(policy).decide(question_, person_).outcome, Outcome::kAllow);
}

TEST_F(EngineTest, AValueWithoutItsDateIsWithheld) {
  collected_.resize(1);
  const Decision decision = decide();
  EXPECT_EQ(decision.outcome, Outcome::kPartial);
  EXPECT_TRUE(decision.released.test(0));
  EXPECT_EQ(decision.reasons[1], ReasonCode::kCannotDecide);
  collected_.assign(4, UtcTime::max());
  EXPECT_EQ(decide().code, ReasonCode::kCannotDecide);
}

TEST_F(EngineTest, ADenyOfEverythingListsNothingWithheld) {
  consents_[0].status = ConsentStatus::kWithdrawn;
  const Decision decision = decide();
  EXPECT_EQ(decision.code, ReasonCode::kConsentWithdrawn);
  EXPECT_TRUE(decision.withheld.empty());
}

TEST_F(EngineTest, TheFirstReasonIsNamed) {
  // Each line takes away the reason that the line before it gave.
  person_.restricted_since = at("2026-10-30T00:00:00Z");
  person_.age = 12;
  consents_[0].status = ConsentStatus::kWithdrawn;
  question_.now = at("2026-11-02T23:30:00Z");
  question_.all_fields = false;
  question_.asked.set(policy_->field("born"));
  question_.asked.set(policy_->field("a"));
  EXPECT_EQ(decide().code, ReasonCode::kNotForThisPurpose);
  EXPECT_EQ(decide().reasons[policy_->field("a")], ReasonCode::kRestricted);
  question_.asked.reset(policy_->field("born"));
  EXPECT_EQ(decide().code, ReasonCode::kRestricted);
  person_.restricted_since.reset();
  EXPECT_EQ(decide().code, ReasonCode::kGuardianNeeded);
  person_.age = 40;
  EXPECT_EQ(decide().code, ReasonCode::kConsentWithdrawn);
  consents_[0].status = ConsentStatus::kGiven;
  EXPECT_EQ(decide().code, ReasonCode::kOutsideMoment);
  question_.now = at("2026-11-02T12:00:00Z");
  EXPECT_EQ(decide().outcome, Outcome::kAllow);
}

TEST_F(EngineTest, PermitsNameThePersonAndTheReleasedFields) {
  SubjectId subject;
  subject.bytes[0] = 7;
  SubjectId other;
  bind();
  const auto permitted = Engine(policy_).permit(subject, question_, person_);
  ASSERT_TRUE(permitted.permit.has_value());
  EXPECT_TRUE(permitted.permit->allows(subject, 0));
  EXPECT_FALSE(permitted.permit->allows(other, 0));
  EXPECT_FALSE(permitted.permit->allows(subject, policy_->field("born")));
  consents_.clear();
  bind();
  EXPECT_FALSE(Engine(policy_).permit(subject, question_, person_).permit.has_value());
}

TEST_F(EngineTest, DecidesWithoutAllocation) {
  bind();
  const Engine engine(policy_);
  const std::size_t before = allocations.load();
  for (int i = 0; i < 100; ++i) {
    (void)engine.decide(question_, person_);
  }
  const Decision decision = engine.decide(question_, person_);
  EXPECT_EQ(allocations.load() - before, 0U);
  EXPECT_EQ(decision.outcome, Outcome::kAllow);
}

TEST_F(EngineTest, ExplainAgreesAndNamesEveryRule) {
  person_.restricted_since = at("2026-10-30T00:00:00Z");
  consents_[0].status = ConsentStatus::kWithdrawn;
  question_.now = at("2026-11-02T23:30:00Z");
  bind();
  std::vector<RuleTrace> rules;
  const Decision told = Engine(policy_).explain(question_, person_, rules);
  EXPECT_EQ(told.code, decide().code);
  std::vector<std::string> names;
  for (const RuleTrace& rule : rules) {
    names.push_back(rule.rule);
    EXPECT_GT(rule.where.line, 0) << rule.rule;
    EXPECT_FALSE(rule.says.empty());
  }
  for (const char* wanted : {"grant", "restriction", "minors", "consent", "moment", "fields"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), wanted), names.end()) << wanted;
  }
}

TEST_F(EngineTest, ExplainsARequest) {
  const std::string request =
      "{\"now\": \"2026-11-02T12:00:00Z\", \"ask\": {\"app\": \"w\", \"purpose\": \"plain\", "
      "\"fields\": [\"a\", \"shoe_size\"]}}";
  const ExplainResult result = explain_request(*policy_, request, "r.json");
  ASSERT_TRUE(result.explanation.has_value()) << words(result.findings);
  EXPECT_EQ(result.explanation->decision.code, ReasonCode::kUnknownField);
  EXPECT_EQ(result.explanation->unknown_fields, std::vector<std::string>{"shoe_size"});
  const ExplainResult unknown = explain_request(
      *policy_, "now: 2026-11-02T12:00:00Z\nask: {app: w, purpose: nothing}\n", "r.yaml");
  ASSERT_TRUE(unknown.explanation.has_value()) << words(unknown.findings);
  EXPECT_EQ(unknown.explanation->decision.code, ReasonCode::kUnknownPurpose);
  const ExplainResult faulty = explain_request(*policy_, "now: 2026-11-02T12:00:00Z\n", "r.yaml");
  EXPECT_FALSE(faulty.explanation.has_value());
  EXPECT_EQ(faulty.findings.size(), 1U);
}

TEST_F(EngineTest, KnowsItsSnapshot) {
  EXPECT_EQ(policy_->birth_date_field(), policy_->field("born"));
  EXPECT_EQ(policy_->country_field(), kUnknownIndex);
  EXPECT_TRUE(policy_->needs_facts(policy_->purpose("tips")));
  EXPECT_FALSE(policy_->needs_facts(policy_->purpose("plain")));
  EXPECT_EQ(policy_->purpose_fields(policy_->purpose("tips")).count(), 3U);
  EXPECT_EQ(policy_->transform(policy_->purpose("tips"), policy_->field("b")).kind,
            TransformKind::kMaskLast4);
  EXPECT_EQ(policy_->field("nothing"), kUnknownIndex);
}

TEST(ConsentFold, ArrivalDecidesSaveForAStaleYes) {
  ConsentProgress progress;
  EXPECT_TRUE(apply_consent_event(progress, ConsentStatus::kGiven, at("2026-01-10T00:00:00Z")));
  EXPECT_TRUE(apply_consent_event(progress, ConsentStatus::kWithdrawn, at("2026-01-05T00:00:00Z")));
  EXPECT_EQ(progress.status, ConsentStatus::kWithdrawn);
  EXPECT_FALSE(apply_consent_event(progress, ConsentStatus::kGiven, at("2026-01-04T23:59:59Z")));
  EXPECT_EQ(progress.status, ConsentStatus::kWithdrawn);
  EXPECT_TRUE(apply_consent_event(progress, ConsentStatus::kRenewed, at("2026-01-05T00:00:01Z")));
  EXPECT_EQ(progress.status, ConsentStatus::kRenewed);
  EXPECT_EQ(progress.at, at("2026-01-05T00:00:01Z"));
}

TEST(ConsentFold, AnOlderRefusalDoesNotForgetTheLaterOne) {
  ConsentProgress progress;
  EXPECT_TRUE(apply_consent_event(progress, ConsentStatus::kRefused, at("2026-01-10T00:00:00Z")));
  EXPECT_TRUE(apply_consent_event(progress, ConsentStatus::kWithdrawn, at("2026-01-02T00:00:00Z")));
  EXPECT_FALSE(apply_consent_event(progress, ConsentStatus::kGiven, at("2026-01-05T00:00:00Z")));
  EXPECT_EQ(progress.status, ConsentStatus::kWithdrawn);
}

TEST(ObjectionFold, ARenewedObjectionKeepsTheLaterTime) {
  ObjectionFact fact;
  apply_objection_event(fact, false, ObjectionStatus::kRaised, at("2026-01-10T00:00:00Z"));
  apply_objection_event(fact, true, ObjectionStatus::kRaised, at("2026-01-02T00:00:00Z"));
  EXPECT_EQ(fact.at, at("2026-01-10T00:00:00Z"));
  apply_objection_event(fact, true, ObjectionStatus::kWithdrawn, at("2026-01-03T00:00:00Z"));
  EXPECT_EQ(fact.status, ObjectionStatus::kWithdrawn);
  std::optional<UtcTime> restricted;
  apply_restriction_event(restricted, true, at("2026-01-10T00:00:00Z"));
  apply_restriction_event(restricted, true, at("2026-01-02T00:00:00Z"));
  EXPECT_EQ(restricted, at("2026-01-10T00:00:00Z"));
  apply_restriction_event(restricted, false, at("2026-01-11T00:00:00Z"));
  EXPECT_FALSE(restricted.has_value());
}

TEST(Reasons, AreAClosedListWithSources) {
  for (int i = 1; i <= static_cast<int>(ReasonCode::kCannotDecide); ++i) {
    const auto code = static_cast<ReasonCode>(i);
    EXPECT_FALSE(reason_name(code).empty()) << i;
    EXPECT_FALSE(reason_because(code).empty()) << i;
    EXPECT_EQ(parse_reason(reason_name(code)), code);
  }
  EXPECT_FALSE(parse_reason("because").has_value());
  EXPECT_FALSE(parse_consent_status("maybe").has_value());
}

std::string with_fields(std::size_t count) {
  std::string text = "policy: \"1\"\nfields:\n";
  for (std::size_t i = 0; i < count; ++i) {
    text += "  f" + std::to_string(i) + ": {type: text}\n";
  }
  return text;
}

std::string with_purposes(std::size_t count) {
  std::string text = "policy: \"1\"\npurposes:\n";
  for (std::size_t i = 0; i < count; ++i) {
    text += "  p" + std::to_string(i) + ": {basis: contract, fields: {}}\n";
  }
  return text;
}

TEST(Limits, HoldAtTheLimitAndNotBeyond) {
  EXPECT_NE(load_text(with_fields(kMaxFields)).policy, nullptr);
  const LoadResult fields = load_text(with_fields(kMaxFields + 1));
  ASSERT_EQ(fields.findings.size(), 1U);
  EXPECT_EQ(fields.findings[0].code, "too-many");
  EXPECT_EQ(fields.findings[0].where.line, static_cast<int>(kMaxFields) + 3);
  EXPECT_NE(load_text(with_purposes(kMaxPurposes)).policy, nullptr);
  EXPECT_EQ(load_text(with_purposes(kMaxPurposes + 1)).policy, nullptr);
  const std::string name(kMaxNameBytes, 'n');
  EXPECT_NE(load_text("policy: \"1\"\nfields: {" + name + ": {type: text}}\n").policy, nullptr);
  EXPECT_EQ(load_text("policy: \"1\"\nfields: {" + name + "n: {type: text}}\n").policy, nullptr);
}

TEST(Merge, SeveralFilesMakeOnePolicyAndEachKeyHasOnePlace) {
  const PolicyFile fields{"b.yaml", "fields: {a: {type: text}}\n"};
  const PolicyFile head{"a.yaml", "policy: \"1\"\nrecipients: {r: {role: controller}}\n"};
  const PolicyFile more{"c.yaml", "fields: {b: {type: text}}\n"};
  const LoadResult merged = load_policy({more, fields, head});
  ASSERT_NE(merged.policy, nullptr) << words(merged.findings);
  EXPECT_EQ(merged.policy->fields().size(), 2U);
  EXPECT_EQ(merged.policy->fields()[0].name, "a");
  const LoadResult otherwise = load_policy({head, fields, more});
  ASSERT_NE(otherwise.policy, nullptr) << words(otherwise.findings);
  EXPECT_TRUE(diff_policies(*merged.policy, *otherwise.policy).empty());
  EXPECT_EQ(otherwise.policy->fields()[0].name, "a");
  const LoadResult twice = load_policy({head, fields, {"d.yaml", "fields: {a: {type: text}}\n"}});
  ASSERT_EQ(twice.findings.size(), 1U);
  EXPECT_EQ(twice.findings[0].code, "duplicate-key");
  EXPECT_EQ(twice.findings[0].where.file, "d.yaml");
  EXPECT_EQ(twice.findings[0].suggestion, "it stands first in b.yaml:1");
  const LoadResult versions = load_policy({head, {"e.yaml", "policy: \"2\"\n"}});
  ASSERT_EQ(versions.findings.size(), 1U);
  EXPECT_EQ(versions.findings[0].code, "duplicate-key");
}

TEST(Lint, FindsWhatIsValidAndStillWrong) {
  const PolicySnapshot policy = must_load(R"(policy: "1"
fields:
  a: {type: text}
  unread: {type: text}
recipients:
  r: {role: controller, country: US}
apps:
  w: {recipient: r, purposes: [ads, first, second]}
purposes:
  ads: {basis: legitimate-interest, purpose: "dpv:DirectMarketing", fields: {a: show}}
  nobody: {says: x, basis: contract, fields: {a: show}, keep: P1Y}
  first: {says: x, purpose: "dpv:Personalisation", basis: consent, consent: {text: t}, fields: {a: show}, keep: until-withdrawn}
  second: {says: x, purpose: "dpv:Personalisation", basis: contract, fields: {a: show}, keep: until-withdrawn}
minors: {unknown_age: allow}
consent_texts:
  t:
    v1: {from: 2026-01-01, files: {en: missing.md, de: missing.de.md}}
    v2: {from: 2026-02-01, processing_changed: false, files: {en: missing.2.md}}
invariants:
  - {it: nobody sees a, never: {field: a, purposes: [ads]}}
)");
  ASSERT_NE(policy, nullptr);
  std::vector<std::string> codes;
  for (const Diagnostic& finding : lint_policy(*policy, "/nonexistent")) {
    codes.push_back(std::to_string(finding.where.line) + ':' + finding.code);
  }
  std::sort(codes.begin(), codes.end());
  EXPECT_EQ(codes,
            (std::vector<std::string>{
                "10:balancing-test-missing", "10:marketing-not-marked", "10:retention-missing",
                "10:says-missing", "11:unused-purpose", "13:keep-without-consent",
                "13:second-basis", "17:consent-text-file-missing", "17:consent-text-file-missing",
                "18:consent-text-file-missing", "18:language-missing", "20:invariant-broken",
                "4:unread-field", "6:safeguard-missing"}));
}

TEST(Load, WarnsWhenNobodysAgeCanBeKnown) {
  const LoadResult result = load_text(
      "policy: \"1\"\nfields: {a: {type: text}}\nrecipients: {r: {role: controller}}\n"
      "apps: {w: {recipient: r, purposes: [p]}}\n"
      "purposes: {p: {basis: consent, consent: {text: t}, fields: {a: show}, keep: P1Y}}\n"
      "consent_texts: {t: {v1: {from: 2026-01-01, files: {en: t.md}}}}\n");
  ASSERT_NE(result.policy, nullptr) << words(result.findings);
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_EQ(result.findings[0].code, "minors-missing");
}

}  // namespace
}  // namespace fieldgate::policy::testing
