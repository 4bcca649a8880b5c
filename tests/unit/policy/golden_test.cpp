// Every golden policy passes its own tests; every planted fault is found at its place, alone.
#include "policy_fixture.h"

#include <algorithm>
#include <sstream>

namespace fieldgate::policy::testing {
namespace {

const std::filesystem::path kGolden =
    std::filesystem::path(FIELDGATE_SOURCE_DIR) / "tests/golden/policy";

std::vector<std::string> stems(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".yaml") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, PassesItsTests) {
  const PolicySnapshot policy = must_load(read_file(kGolden / (GetParam() + ".yaml")));
  ASSERT_NE(policy, nullptr);
  const TestReport report = run_policy_tests(*policy);
  int permits = 0;
  int denies = 0;
  for (const TestOutcome& test : report.tests) {
    EXPECT_TRUE(test.pass) << test.where.line << ": " << test.it << ": expected " << test.expected
                           << ", got " << test.got;
    permits += test.got.starts_with("allow") ? 1 : 0;
    denies += test.got.starts_with("deny") ? 1 : 0;
  }
  EXPECT_GT(permits, 0);
  EXPECT_GT(denies, 0);
  std::cout << "in-file tests run: " << report.tests.size() << '\n';
}

INSTANTIATE_TEST_SUITE_P(Rules, Golden, ::testing::ValuesIn(stems(kGolden)), test_name);

class Fault : public ::testing::TestWithParam<std::string> {};

TEST_P(Fault, IsFoundAtItsPlaceAndAlone) {
  const std::string text = read_file(kGolden / "faults" / (GetParam() + ".yaml"));
  // "# fault: CODE LINE:COLUMN [WORD]"
  std::istringstream header(text.substr(0, text.find('\n')));
  std::string hash;
  std::string label;
  std::string code;
  std::string place;
  std::string nearest;
  header >> hash >> label >> code >> place >> nearest;
  ASSERT_EQ(label, "fault:");
  const LoadResult result = load_text(text);
  EXPECT_EQ(result.policy, nullptr);
  ASSERT_EQ(result.findings.size(), 1U) << words(result.findings);
  const Diagnostic& finding = result.findings.front();
  EXPECT_EQ(finding.code, code) << words(result.findings);
  EXPECT_EQ(std::to_string(finding.where.line) + ':' + std::to_string(finding.where.column), place)
      << words(result.findings);
  EXPECT_EQ(finding.where.file, "policy.yaml");
  if (!nearest.empty()) {
    EXPECT_EQ(finding.suggestion, "did you mean `" + nearest + "`?");
  }
}

INSTANTIATE_TEST_SUITE_P(Planted, Fault, ::testing::ValuesIn(stems(kGolden / "faults")), test_name);

TEST(Faults, SeveralInOnePolicyAreAllFoundInOrder) {
  const LoadResult result = load_text(
      "policy: \"1\"\n"
      "fields:\n"
      "  a: {type: txt}\n"
      "recipients:\n"
      "  r: {role: processor, country: DE}\n"
      "apps:\n"
      "  w: {recipient: q, purposes: [p]}\n"
      "purposes:\n"
      "  p: {basis: contract, fields: {a: show, b: show}, kep: P1Y}\n");
  EXPECT_EQ(result.policy, nullptr);
  std::vector<std::string> codes;
  for (const Diagnostic& finding : result.findings) {
    codes.push_back(std::to_string(finding.where.line) + ':' + finding.code);
  }
  EXPECT_EQ(codes,
            (std::vector<std::string>{"3:unknown-word", "5:contract-missing", "7:unknown-recipient",
                                      "9:unknown-field", "9:unknown-key"}));
}

}  // namespace
}  // namespace fieldgate::policy::testing
