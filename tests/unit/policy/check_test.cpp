// `policy check` as a whole: every planted fault once, at its place, and nothing else.
#include "policy/review/third_countries.h"
#include "policy_fixture.h"

#include <algorithm>
#include <set>
#include <sstream>

namespace fieldgate::policy::testing {
namespace {

const std::filesystem::path kMany =
    std::filesystem::path(FIELDGATE_SOURCE_DIR) / "tests/golden/policy/many-faults";

std::string place_and_code(const Diagnostic& finding) {
  return std::to_string(finding.where.line) + ':' + std::to_string(finding.where.column) + ' ' +
         finding.code;
}

TEST(Check, FindsEachOfManyFaultsOnceAtItsPlace) {
  const LoadResult result = check_policy_directory(kMany);
  EXPECT_EQ(result.policy, nullptr);
  std::vector<std::string> expected;
  std::istringstream lines(read_file(kMany / "expected.txt"));
  for (std::string line; std::getline(lines, line);) {
    expected.push_back(line);
  }
  std::vector<std::string> found;
  for (const Diagnostic& finding : result.findings) {
    found.push_back(place_and_code(finding));
  }
  EXPECT_EQ(found, expected) << words(result.findings);
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), found.size());
  std::set<std::string> kinds;
  for (const Diagnostic& finding : result.findings) {
    kinds.insert(finding.code);
    EXPECT_FALSE(finding.message.empty());
    EXPECT_NE(finding.message.back(), '.') << finding.message;
  }
  EXPECT_GE(found.size(), 40U);
  EXPECT_GE(kinds.size(), 40U);
  std::cout << "planted faults: " << found.size() << " of " << kinds.size() << " kinds\n";
}

std::vector<std::string> codes_of(const std::string& yaml) {
  const auto directory = std::filesystem::path(::testing::TempDir()) / "fieldgate-policy-check";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "policy.yaml") << yaml;
  std::ofstream(directory / "t.md") << "We send you letters.\n";
  std::vector<std::string> codes;
  for (const Diagnostic& finding : check_policy_directory(directory).findings) {
    codes.push_back(std::to_string(finding.where.line) + ' ' + finding.code);
  }
  std::filesystem::remove_all(directory);
  return codes;
}

const std::string kClean = R"(policy: "1"
controller: {name: A Ltd, country: IE}
fields: {name: {type: text}, email: {type: email}, born: {type: date}}
recipients: {shop: {role: controller}, post: {role: processor, contract: D-1, country: IN, safeguard: SCC}}
apps: {web: {recipient: shop, purposes: [mail, offers]}, sender: {recipient: post, purposes: [mail]}}
moments: {day: {channel: [web]}}
purposes:
  mail: {says: Mail, basis: contract, fields: {name: show}, keep: P1Y}
  offers: {says: Offers, basis: consent, consent: {text: t}, fields: {email: show}, only_when: [day], keep: until-withdrawn}
minors: {age_from: born}
consent_texts: {t: {v1: {from: 2026-01-01, files: {en: t.md}}}}
)";

TEST(Check, SaysNothingOfACleanPolicy) {
  EXPECT_EQ(codes_of(kClean), std::vector<std::string>{});
}

// One slip each; what follows from it is not reported as well.
TEST(Check, NamesRootCausesOnly) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases{
      {"{name: A Ltd", "{nmae: A Ltd", "2 unknown-key"},
      {"fields: {email: show}", "fields: {emial: show}", "9 unknown-field"},
      {"fields: {email: show}", "fields: {email: hide}", "9 unknown-transform"},
      {"fields: {email: show}", "fields: {email: {round: 2}}", "9 transform-type"},
      {"fields: {email: show}", "feilds: {email: show}", "9 unknown-key"},
      {"fields: {email: show}", "fields: [email]", "9 wrong-type"},
      {"basis: contract", "bassis: contract", "8 unknown-key"},
      {"basis: consent", "basis: consnet", "9 unknown-word"},
      {"keep: P1Y", "keep: 1Y", "8 bad-duration"},
      {"keep: P1Y", "kep: P1Y", "8 unknown-key"},
      {"says: Mail", "sasy: Mail", "8 unknown-key"},
      {"says: Mail", "says: \"\"", "8 empty-text"},
      {"purposes: [mail, offers]", "purposes: [mail, ofers]", "5 unknown-purpose"},
      {"recipient: post", "recipient: pots", "5 unknown-recipient"},
      {"contract: D-1", "contrct: D-1", "4 unknown-key"},
      {"safeguard: SCC", "safegard: SCC", "4 unknown-key"},
      {"only_when: [day]", "only_when: [dya]", "9 unknown-moment"},
      {"text: t}", "text: tt}", "9 unknown-consent-text"},
      {"text: t}", "txt: t}", "9 unknown-key"},
      {"{en: t.md}", "{en: ../t.md}", "11 bad-path"},
      {"consent_texts:", "consent_textes:", "11 unknown-key"},
      {"moments:", "momnets:", "6 unknown-key"}};
  for (const auto& [what, with, expected] : cases) {
    EXPECT_EQ(codes_of(replaced(kClean, what, with)), std::vector<std::string>{expected}) << with;
  }
  std::cout << "slips: " << cases.size() << '\n';
}

TEST(Check, KnowsTheCountriesWithoutSafeguard) {
  for (const char* country : {"IE", "NO", "GB", "CH", "JP", "BR", "KR"}) {
    EXPECT_FALSE(needs_safeguard(country)) << country;
  }
  for (const char* country : {"US", "CA", "IN", "CN", "RU", "AU", "ZA"}) {
    EXPECT_TRUE(needs_safeguard(country)) << country;
  }
  EXPECT_FALSE(needs_safeguard("")) << "a recipient without a country is not judged";
  EXPECT_EQ(kEea.size(), 30U);
  EXPECT_TRUE(std::is_sorted(kEea.begin(), kEea.end()));
  EXPECT_TRUE(parse_date(kTransfersAsOf).has_value());
  for (const AdequacyDecision& one : kAdequate) {
    EXPECT_TRUE(parse_country(one.country).has_value());
    EXPECT_FALSE(one.decision.empty());
    EXPECT_TRUE(one.until.empty() || parse_date(one.until).has_value());
  }
}

}  // namespace
}  // namespace fieldgate::policy::testing
