// The published example of the language loads, is clean, and passes its own tests.
#include "policy_fixture.h"

namespace fieldgate::policy::testing {
namespace {

class Example : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto path = std::filesystem::path(FIELDGATE_SHARED_DIR) / "design/policy-example.yaml";
    if (!std::filesystem::exists(path)) {
      GTEST_SKIP() << "skipped: no shared example";
    }
    text_ = read_file(path);
  }
  std::string text_;
};

TEST_F(Example, LoadsWithoutAFinding) {
  const LoadResult result = load_policy({{"policy-example.yaml", text_}});
  ASSERT_NE(result.policy, nullptr) << words(result.findings);
  EXPECT_EQ(words(result.findings), "");
  EXPECT_EQ(result.policy->version(), "2026-11");
  EXPECT_EQ(result.policy->fields().size(), 9U);
  EXPECT_EQ(result.policy->purposes().size(), 5U);
  EXPECT_EQ(words(lint_policy(*result.policy, {})), "");
}

TEST_F(Example, PassesItsOwnTests) {
  const PolicySnapshot policy = must_load(text_);
  ASSERT_NE(policy, nullptr);
  const TestReport report = run_policy_tests(*policy);
  EXPECT_EQ(report.tests.size(), 15U);
  for (const TestOutcome& test : report.tests) {
    EXPECT_TRUE(test.pass) << test.it << ": expected " << test.expected << ", got " << test.got;
  }
  for (const PurposeCoverage& purpose : report.coverage.purposes) {
    EXPECT_EQ(purpose.tests == 0, purpose.purpose == "order-fulfilment") << purpose.purpose;
  }
  std::cout << "in-file tests run: " << report.tests.size() << '\n';
}

}  // namespace
}  // namespace fieldgate::policy::testing
