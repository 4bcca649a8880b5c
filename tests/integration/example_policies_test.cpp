// Every policy command on the policies of the documentation, as a legal team would run it: on the
// policy in force, and on a draft of its next version that goes too far.
#include "tests/integration/support/files.h"
#include "tests/integration/support/process.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace fieldgate::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const fs::path kPolicies = FIELDGATE_SOURCE_DIR "/docs/examples/policies";

Finished policy(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {FIELDGATE_BINARY, "policy"});
  return run_to_end(arguments, {});
}

json::value policy_json(std::vector<std::string> arguments, int code) {
  arguments.emplace_back("--json");
  const Finished finished = policy(arguments);
  EXPECT_EQ(finished.code, code) << finished.out << finished.err;
  return json::parse(finished.out);
}

std::string text(const json::value& value) {
  return json::value_to<std::string>(value);
}

/// A change of `purposes.yaml` that breaks one of the policy's never-rules.
struct Draft {
  std::string policy;
  std::string from;
  std::string to;
  std::string app;
  std::string purpose;
  std::string field;
  std::string says;  ///< what `policy diff` says of it
};
// A test's name tells which one it was.
void PrintTo(const Draft& draft, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << draft.policy;
}

class ExamplePolicyCommands : public ::testing::TestWithParam<Draft> {
 protected:
  ExamplePolicyCommands()
      : in_force_((kPolicies / GetParam().policy).string()),
        draft_((folder_.path() / "draft").string()) {
    fs::copy(in_force_, draft_, fs::copy_options::recursive);
    replace_in_file(fs::path(draft_) / "purposes.yaml", GetParam().from, GetParam().to);
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (folder_.path() / name).string();
  }
  TemporaryFolder folder_;
  std::string in_force_;
  std::string draft_;
};

TEST_P(ExamplePolicyCommands, CheckFindsNothingInForceAndTheBrokenRuleInTheDraft) {
  EXPECT_TRUE(policy_json({"check", in_force_}, 0).at("findings").as_array().empty());
  const Finished words = policy({"check", in_force_});
  EXPECT_EQ(words.code, 0);
  EXPECT_NE(words.out.find(" is valid: "), std::string::npos) << words.out;
  const json::value found = policy_json({"check", draft_}, 1);
  for (const json::value& finding : found.at("findings").as_array()) {
    EXPECT_EQ(finding.at("code"), "invariant-broken") << json::serialize(finding);
  }
  EXPECT_FALSE(found.at("findings").as_array().empty());
  const Finished sarif = policy({"check", draft_, "--format", "sarif"});
  EXPECT_EQ(sarif.code, 1);
  EXPECT_EQ(json::parse(sarif.out).at("version"), "2.1.0");
}

TEST_P(ExamplePolicyCommands, TestIsStrictlySatisfied) {
  const json::value report = policy_json({"test", in_force_, "--strict"}, 0);
  EXPECT_GE(report.at("tests").as_array().size(), 12U);
  for (const json::value& test : report.at("tests").as_array()) {
    EXPECT_TRUE(test.at("pass").as_bool()) << json::serialize(test);
  }
  const json::value& coverage = report.at("coverage");
  EXPECT_TRUE(coverage.at("untested_purposes").as_array().empty());
  EXPECT_EQ(coverage.at("purposes").as_array().size(),
            coverage.at("tested_purposes").as_array().size());
  const Finished words = policy({"test", in_force_, "--strict"});
  EXPECT_EQ(words.code, 0);
  EXPECT_NE(words.out.find(" tests, 0 failed\n"), std::string::npos) << words.out;
  EXPECT_EQ(words.out.find("what no test speaks of"), std::string::npos) << words.out;
}

TEST_P(ExamplePolicyCommands, InvariantsHoldAndTheDraftsCounterexampleIsOne) {
  const json::value in_force = policy_json({"invariants", in_force_}, 0);
  for (const json::value& rule : in_force.at("invariants").as_array()) {
    EXPECT_TRUE(rule.at("holds").as_bool()) << json::serialize(rule);
  }
  std::size_t broken = 0;
  const json::value draft = policy_json({"invariants", draft_}, 1);
  for (const json::value& rule : draft.at("invariants").as_array()) {
    if (rule.at("holds").as_bool()) {
      continue;
    }
    ++broken;
    const json::value& by = rule.at("broken_by");
    EXPECT_EQ(text(by.at("app")), GetParam().app);
    EXPECT_EQ(text(by.at("purpose")), GetParam().purpose);
    EXPECT_EQ(text(by.at("field")), GetParam().field);
    const std::string request = file("request.yaml");
    write_file(request, text(by.at("request")));
    const json::value leaks = policy_json({"explain", draft_, "--request", request}, 0);
    EXPECT_EQ(leaks.at("decision"), "allow") << json::serialize(leaks);
    EXPECT_FALSE(leaks.at("rules").as_array().empty());
    const Finished words = policy({"explain", in_force_, "--request", request});
    EXPECT_EQ(words.code, 0) << words.err;
    EXPECT_NE(words.out.find("rules that spoke:"), std::string::npos) << words.out;
  }
  EXPECT_GT(broken, 0U);
}

TEST_P(ExamplePolicyCommands, DiffSaysWhatTheDraftMeans) {
  const Finished words = policy({"diff", in_force_, draft_});
  EXPECT_EQ(words.code, 0) << words.err;
  EXPECT_NE(words.out.find("`" + GetParam().app + "` for `" + GetParam().purpose + "`:"),
            std::string::npos)
      << words.out;
  EXPECT_NE(words.out.find(GetParam().says), std::string::npos) << words.out;
  const json::value changes = policy_json({"diff", in_force_, draft_}, 0).at("changes");
  ASSERT_FALSE(changes.as_array().empty());
  for (const json::value& change : changes.as_array()) {
    EXPECT_EQ(text(change.at("purpose")), GetParam().purpose) << json::serialize(change);
    EXPECT_EQ(text(change.at("field")), GetParam().field) << json::serialize(change);
  }
  EXPECT_TRUE(policy_json({"diff", in_force_, in_force_}, 0).at("changes").as_array().empty());
}

TEST_P(ExamplePolicyCommands, ShowPrintsPagesAndDrawsTheSamePicture) {
  const std::string picture = file("matrix.svg");
  const Finished html = policy({"show", in_force_, "--format", "html", "--matrix", picture});
  EXPECT_EQ(html.code, 0) << html.err;
  EXPECT_EQ(html.out.find("<!doctype html>"), 0U);
  EXPECT_TRUE(read_file(picture) == read_file(fs::path(in_force_) / "matrix.svg"));
  const Finished page = policy({"show", in_force_, "--purpose", GetParam().purpose});
  EXPECT_EQ(page.code, 0) << page.err;
  EXPECT_NE(page.out.find("Purpose `" + GetParam().purpose + "`"), std::string::npos) << page.out;
  EXPECT_EQ(policy({"show", in_force_, "--purpose", "nothing-like-it"}).code, 2);
}

const std::vector<Draft> kDrafts{
    {"retailer", "birth_date: {generalise: band-10}, basket_value",
     "birth_date: show, basket_value", "range-planning", "range-planning", "birth_date",
     "learns more of `birth_date`: the value itself instead of its decade"},
    {"fashion", "payment_history: show}", "payment_history: show, price_band: show}",
     "pay-later-desk", "pay-later", "price_band", "gains `price_band`: the value itself"},
    {"bank", "phone: show, birth_date: {generalise: band-10}}",
     "phone: show, birth_date: {generalise: band-10}, income: {round: 2}}", "insurer",
     "insurance-lead", "income", "gains `income`: its first two digits, rounded"},
    {"airline", "fields: {email: {pseudonymise: posada}, itinerary: show}",
     "fields: {email: {pseudonymise: posada}, itinerary: show, favourite_places: show}",
     "hotel-partner", "hotel-offers", "favourite_places",
     "gains `favourite_places`: the value itself"},
    {"pharmacy", "phone: show, refill_due: show}",
     "phone: show, refill_due: show, prescriptions: show}", "message-service", "refill-reminder",
     "prescriptions", "gains `prescriptions`: the value itself"},
    {"telecom", "bill_amount: {round: 2}, leaving_guess: show}",
     "bill_amount: {round: 2}, leaving_guess: show, call_records: show}", "retention-desk",
     "churn-check", "call_records", "gains `call_records`: the value itself"}};

INSTANTIATE_TEST_SUITE_P(All, ExamplePolicyCommands, ::testing::ValuesIn(kDrafts),
                         [](const auto& param) { return param.param.policy; });

// A purpose without a test is named where it stands, and only `--strict` fails for it.
TEST(PolicyTest, NamesAnUntestedPurposeAtItsPlace) {
  const TemporaryFolder folder;
  const fs::path draft = folder.path() / "draft";
  fs::copy(kPolicies / "retailer", draft, fs::copy_options::recursive);
  write_file(draft / "more.yaml",
             "purposes:\n  audit:\n    says: Let the auditors look\n    basis: legal-obligation\n"
             "    fields: {last_name: show}\n    keep: P7Y\n");
  const Finished strict = policy({"test", draft.string(), "--strict"});
  EXPECT_EQ(strict.code, 1);
  EXPECT_NE(strict.out.find((draft / "more.yaml").string() +
                            ":2:3: error: no test asks for `audit` [untested-purpose]"),
            std::string::npos)
      << strict.out;
  const Finished plain = policy({"test", draft.string()});
  EXPECT_EQ(plain.code, 0);
  EXPECT_NE(plain.out.find(":2:3: warning: no test asks for `audit`"), std::string::npos)
      << plain.out;
  const json::value coverage = policy_json({"test", draft.string(), "--strict"}, 1).at("coverage");
  EXPECT_EQ(coverage.at("untested_purposes"), json::parse(R"(["audit"])"));
  for (const json::value& purpose : coverage.at("purposes").as_array()) {
    if (purpose.at("purpose") == "audit") {
      EXPECT_EQ(purpose.at("file"), "more.yaml");
      EXPECT_EQ(purpose.at("line").to_number<int>(), 2);
      EXPECT_EQ(purpose.at("column").to_number<int>(), 3);
    }
  }
}

// The request that the telecom's page shows.
TEST(PolicyExplain, TellsTheFormOfWhatItGivesAndTheLineOfEachRule) {
  const std::string telecom = (kPolicies / "telecom").string();
  const Finished told = policy({"explain", telecom, "--request", telecom + "/request.json"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(told.out.find("partial\n"), 0U) << told.out;
  EXPECT_NE(told.out.find("gives contract_end (generalise: year)\n"), std::string::npos)
      << told.out;
  EXPECT_NE(told.out.find("gives bill_amount (round: 2)\n"), std::string::npos) << told.out;
  EXPECT_NE(told.out.find(telecom + "/policy.yaml:"), std::string::npos) << told.out;
}

}  // namespace
}  // namespace fieldgate::test
