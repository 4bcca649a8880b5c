// The policies of the documentation do what their pages say: clean, tested through and through,
// with texts that people can act on and a picture that is up to date.
#include "policy_fixture.h"

#include <fieldgate/policy/invariants.h>
#include <fieldgate/policy/show.h>

#include <set>

namespace fieldgate::policy::testing {
namespace {

const std::filesystem::path kPolicies =
    std::filesystem::path(FIELDGATE_SOURCE_DIR) / "docs/examples/policies";

class ExamplePolicy : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    LoadResult checked = check_policy_directory(folder_);
    EXPECT_EQ(words(checked.findings), "");
    policy_ = std::move(checked.policy);
    ASSERT_NE(policy_, nullptr);
  }
  const std::filesystem::path folder_ = kPolicies / GetParam();
  PolicySnapshot policy_;
};

TEST_P(ExamplePolicy, IsOfARealSizeAndPassesItsTests) {
  EXPECT_GE(policy_->purposes().size(), 8U);
  EXPECT_GE(policy_->fields().size(), 15U);
  const TestReport report = run_policy_tests(*policy_);
  EXPECT_GE(report.tests.size(), 12U);
  for (const TestOutcome& test : report.tests) {
    EXPECT_TRUE(test.pass) << test.it << ": expected " << test.expected << ", got " << test.got;
  }
  std::cout << GetParam() << ": " << report.tests.size() << " tests\n";
}

TEST_P(ExamplePolicy, LeavesNoPurposeAndNoFieldUnspokenOf) {
  for (const PurposeCoverage& purpose : test_coverage(*policy_).purposes) {
    EXPECT_GT(purpose.giving, 0U) << purpose.purpose;
    EXPECT_GT(purpose.refusing, 0U) << purpose.purpose;
    for (const FieldCoverage& field : purpose.fields) {
      EXPECT_GT(field.shown, 0U) << purpose.purpose << ' ' << field.field;
      EXPECT_GT(field.withheld, 0U) << purpose.purpose << ' ' << field.field;
    }
  }
}

TEST_P(ExamplePolicy, KeepsItsNeverRules) {
  const std::vector<InvariantResult> results = check_invariants(*policy_);
  EXPECT_GE(results.size(), 5U);
  for (const InvariantResult& result : results) {
    EXPECT_FALSE(result.broken_by.has_value()) << result.it;
  }
}

// Consent is informed: each text asks a question and says whom to turn to (7(2), 13).
TEST_P(ExamplePolicy, AsksInTwoLanguagesAndNamesAContact) {
  const std::string controller = read_file(folder_ / "policy.yaml");
  const std::size_t at = controller.find("dpo: ") + 5;
  const std::string contact = controller.substr(at, controller.find('\n', at) - at);
  ASSERT_NE(contact.find('@'), std::string::npos) << contact;
  std::size_t count = 0;
  for (const ConsentText& text : policy_->consent_texts()) {
    for (const ConsentTextVersion& version : text.versions) {
      EXPECT_GE(version.files.size(), 2U) << text.name;
      for (const auto& [language, path] : version.files) {
        const std::string said = read_file(folder_ / path);
        EXPECT_TRUE(said.starts_with("# ")) << path;
        EXPECT_NE(said.find(contact), std::string::npos) << path;
        ++count;
      }
    }
  }
  // No file lies about that no text names.
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "notices")) {
    files += entry.is_regular_file() ? 1U : 0U;
  }
  EXPECT_EQ(files, count);
}

TEST_P(ExamplePolicy, HasAPictureThatIsUpToDate) {
  EXPECT_TRUE(read_file(folder_ / "matrix.svg") == show_matrix(*policy_))
      << "draw it again: fieldgate policy show " << folder_.string() << " --matrix "
      << (folder_ / "matrix.svg").string();
  EXPECT_NE(read_file(folder_ / "README.md").find("](matrix.svg)"), std::string::npos);
}

TEST_P(ExamplePolicy, StandsInTheListWithItsSize) {
  const std::string size = "| " + std::to_string(policy_->fields().size()) + " | " +
                           std::to_string(policy_->purposes().size()) + " | " +
                           std::to_string(run_policy_tests(*policy_).tests.size()) + " |";
  const std::string list = read_file(kPolicies / "README.md");
  const std::string link = "| [" + std::string(GetParam()) + "](";
  const std::size_t at = list.find(link);
  ASSERT_NE(at, std::string::npos);
  EXPECT_TRUE(list.substr(at, list.find('\n', at) - at).ends_with(size)) << size;
}

INSTANTIATE_TEST_SUITE_P(All, ExamplePolicy,
                         ::testing::Values("retailer", "fashion", "bank", "airline", "pharmacy",
                                           "telecom"),
                         [](const auto& param) { return std::string(param.param); });

TEST(ExamplePolicies, AreAllTested) {
  std::set<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(kPolicies)) {
    if (entry.is_directory()) {
      folders.insert(entry.path().filename().string());
    }
  }
  EXPECT_EQ(folders, (std::set<std::string>{"airline", "bank", "fashion", "pharmacy", "retailer",
                                            "telecom"}));
}

}  // namespace
}  // namespace fieldgate::policy::testing
