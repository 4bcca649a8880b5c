// What the tests of a policy speak of is counted by what they expect.
#include "policy_fixture.h"

#include <map>

namespace fieldgate::policy::testing {
namespace {

const std::string kPolicy = R"(policy: "1"
controller: {name: A Ltd, country: IE}
fields: {name: {type: text}, mail: {type: email}, born: {type: date}}
recipients: {shop: {role: controller, country: IE}}
apps: {web: {recipient: shop, purposes: [orders, news, checks]}, idle: {recipient: shop}}
purposes:
  orders: {says: Orders, basis: contract, fields: {name: show, mail: show}, keep: P1Y}
  news:
    says: News
    basis: consent
    consent: {text: t}
    fields: {name: show}
    levels: {low: {}, high: {mail: show}}
    keep: until-withdrawn
  checks: {says: Checks, basis: contract, fields: {born: show}, keep: P1Y}
minors: {age_from: born}
consent_texts: {t: {v1: {from: 2026-01-01, files: {en: t.md}}}}
tests:
)";

Coverage coverage_of(const std::string& tests) {
  const PolicySnapshot policy = must_load(kPolicy + tests);
  return policy == nullptr ? Coverage{} : run_policy_tests(*policy).coverage;
}

std::string test_of(const std::string& ask, const std::string& expect) {
  return "  - {it: t, now: 2026-11-02T12:00:00Z, ask: {app: web, " + ask +
         "}, person: {country: IE, age: 40}, expect: {" + expect + "}}\n";
}

// "name 1/0 mail 0/2": field, times shown, times withheld.
std::string fields_of(const PurposeCoverage& purpose) {
  std::string text;
  for (const FieldCoverage& field : purpose.fields) {
    text += (text.empty() ? "" : " ") + field.field + ' ' + std::to_string(field.shown) + '/' +
            std::to_string(field.withheld);
  }
  return text;
}

TEST(Coverage, NamesEveryPurposeAtItsPlaceAlsoWithoutATest) {
  const Coverage coverage = coverage_of("");
  ASSERT_EQ(coverage.purposes.size(), 3U);
  EXPECT_EQ(coverage.purposes[0].purpose, "orders");
  EXPECT_EQ(coverage.purposes[0].where.line, 7);
  EXPECT_EQ(coverage.purposes[0].where.column, 3);
  EXPECT_EQ(coverage.purposes[1].basis, "consent");
  EXPECT_EQ(coverage.purposes[1].tests, 0U);
  EXPECT_EQ(fields_of(coverage.purposes[1]), "name 0/0 mail 0/0");
  ASSERT_EQ(coverage.bases.size(), 2U);
  EXPECT_EQ(coverage.bases[0].basis, "consent");
  EXPECT_EQ(coverage.bases[1].basis, "contract");
  EXPECT_EQ(coverage.bases[1].purposes, 2U);
}

TEST(Coverage, CountsWhatATestPinsAndNothingElse) {
  struct Case {
    std::string ask;
    std::string expect;
    std::string fields;
    std::size_t giving;
    std::size_t refusing;
  };
  const std::vector<Case> cases{
      {"purpose: orders", "decision: allow", "name 1/0 mail 1/0", 1, 0},
      {"purpose: orders, fields: [mail]", "decision: allow", "name 0/0 mail 1/0", 1, 0},
      {"purpose: orders", "fields: [name]", "name 1/0 mail 0/1", 1, 0},
      {"purpose: orders", "fields: []", "name 0/1 mail 0/1", 0, 1},
      {"purpose: orders", "decision: deny", "name 0/1 mail 0/1", 0, 1},
      {"purpose: orders", "code: restricted", "name 0/1 mail 0/1", 0, 1},
      {"purpose: orders, fields: [mail]", "code: restricted", "name 0/0 mail 0/1", 0, 1},
      // Partial without names pins no field.
      {"purpose: orders", "decision: partial", "name 0/0 mail 0/0", 1, 0},
      {"purpose: orders", "withheld: {mail: past-retention}", "name 0/0 mail 0/1", 0, 0},
      {"purpose: orders", "decision: partial, withheld: {mail: no-value}", "name 0/0 mail 0/1", 1,
       0},
      // A field of another purpose is no field of this one.
      {"purpose: orders, fields: [name, born]", "fields: [name]", "name 1/0 mail 0/0", 1, 0}};
  for (const Case& one : cases) {
    const Coverage coverage = coverage_of(test_of(one.ask, one.expect));
    ASSERT_EQ(coverage.purposes.size(), 3U);
    const PurposeCoverage& orders = coverage.purposes[0];
    EXPECT_EQ(orders.tests, 1U) << one.expect;
    EXPECT_EQ(fields_of(orders), one.fields) << one.ask << " " << one.expect;
    EXPECT_EQ(orders.giving, one.giving) << one.expect;
    EXPECT_EQ(orders.refusing, one.refusing) << one.expect;
    EXPECT_EQ(coverage.purposes[1].tests, 0U);
  }
  std::cout << "expectations: " << cases.size() << '\n';
}

TEST(Coverage, ListsEachReasonOnceInItsOrder) {
  const Coverage coverage = coverage_of(
      test_of("purpose: news", "code: no-consent") +
      test_of("purpose: news", "withheld: {mail: not-at-this-level, name: restricted}") +
      test_of("purpose: news", "code: no-consent"));
  ASSERT_EQ(coverage.purposes.size(), 3U);
  EXPECT_EQ(coverage.purposes[1].codes,
            (std::vector<ReasonCode>{ReasonCode::kRestricted, ReasonCode::kNoConsent,
                                     ReasonCode::kNotAtThisLevel}));
  EXPECT_EQ(coverage.bases[0].tests, 3U);
  EXPECT_EQ(coverage.bases[0].refusing, 2U);
}

TEST(Coverage, LeavesOutReadsOfNoPurpose) {
  const Coverage coverage =
      coverage_of(test_of("purpose: nothing", "code: unknown-purpose") +
                  test_of("purpose: orders, fields: [nothing, name]", "code: unknown-field"));
  ASSERT_EQ(coverage.purposes.size(), 3U);
  EXPECT_EQ(coverage.purposes[0].tests, 1U);
  EXPECT_EQ(fields_of(coverage.purposes[0]), "name 0/1 mail 0/0");
}

}  // namespace
}  // namespace fieldgate::policy::testing
