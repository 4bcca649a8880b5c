// The policy commands as a legal team uses them: on folders, by the real binary.
#include "tests/integration/support/files.h"
#include "tests/integration/support/process.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace fieldgate::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const fs::path kBookshop = FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy";

Finished policy(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {FIELDGATE_BINARY, "policy"});
  return run_to_end(arguments, {});
}

/// A copy of the bookshop's policy in which the web shop sees whole birth dates, against the
/// policy's own never-rule.
class ChangedPolicy : public ::testing::Test {
 protected:
  ChangedPolicy() : changed_(folder_.path() / "changed") {
    fs::copy(kBookshop, changed_, fs::copy_options::recursive);
    replace_in_file(changed_ / "purposes.yaml",
                    "country: show, birth_date: {generalise: band-10}, loyalty_tier: show",
                    "country: show, birth_date: show, loyalty_tier: show");
  }
  TemporaryFolder folder_;
  fs::path changed_;
};

TEST_F(ChangedPolicy, DiffSaysWhoLearnsMore) {
  const Finished words = policy({"diff", kBookshop.string(), changed_.string()});
  EXPECT_EQ(words.code, 0) << words.err;
  EXPECT_NE(words.out.find("`web-shop` for `personalisation`:"), std::string::npos) << words.out;
  EXPECT_NE(words.out.find("learns more of `birth_date`: the value itself instead of its decade"),
            std::string::npos)
      << words.out;
  const Finished same = policy({"diff", kBookshop.string(), kBookshop.string(), "--json"});
  EXPECT_EQ(same.code, 0);
  EXPECT_TRUE(json::parse(same.out).at("changes").as_array().empty()) << same.out;
  EXPECT_EQ(policy({"diff", kBookshop.string(), (folder_.path() / "none").string()}).code, 2);
}

TEST_F(ChangedPolicy, ABrokenInvariantComesWithARequestThatShowsIt) {
  EXPECT_EQ(policy({"invariants", kBookshop.string()}).code, 0);
  const Finished broken = policy({"invariants", changed_.string(), "--json"});
  EXPECT_EQ(broken.code, 1) << broken.err;
  const json::value invariant = json::parse(broken.out).at("invariants").at(0);
  EXPECT_FALSE(invariant.at("holds").as_bool());
  EXPECT_EQ(invariant.at("broken_by").at("app"), "web-shop");
  // The counterexample is one: the engine releases the field for it.
  const fs::path request = folder_.path() / "request.yaml";
  write_file(request, invariant.at("broken_by").at("request").as_string());
  const Finished explained =
      policy({"explain", changed_.string(), "--request", request.string(), "--json"});
  EXPECT_EQ(explained.code, 0) << explained.err;
  EXPECT_EQ(json::parse(explained.out).at("decision"), "allow") << explained.out;
}

TEST_F(ChangedPolicy, CheckPrintsSarifForCodeReview) {
  const Finished checked = policy({"check", changed_.string(), "--format", "sarif"});
  EXPECT_EQ(checked.code, 1) << checked.err;
  const json::value run = json::parse(checked.out).at("runs").at(0);
  const json::array& results = run.at("results").as_array();
  ASSERT_EQ(results.size(), 1U) << checked.out;
  EXPECT_EQ(results[0].at("ruleId"), "invariant-broken");
  EXPECT_EQ(results[0]
                .at("locations")
                .at(0)
                .at("physicalLocation")
                .at("region")
                .at("startLine")
                .to_number<int>(),
            7);
}

TEST_F(ChangedPolicy, ShowDrawsPagesAndAMatrix) {
  const fs::path picture = folder_.path() / "matrix.svg";
  const Finished shown = policy({"show", changed_.string(), "--purpose", "newsletter", "--format",
                                 "html", "--matrix", picture.string()});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_EQ(shown.out.find("<!doctype html>"), 0U) << shown.out.substr(0, 80);
  EXPECT_NE(shown.out.find("GDPR 21(2)-(3)"), std::string::npos);
  const std::string svg = read_file(picture);
  EXPECT_NE(svg.find("<title"), std::string::npos);
  EXPECT_NE(svg.find("<desc"), std::string::npos);
  const Finished unknown = policy({"show", changed_.string(), "--purpose", "nwsletter"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("`nwsletter`"), std::string::npos) << unknown.err;
}

TEST(PolicySchema, IsJson) {
  const Finished printed = policy({"schema"});
  EXPECT_EQ(printed.code, 0);
  EXPECT_EQ(json::parse(printed.out).at("type"), "object");
}

}  // namespace
}  // namespace fieldgate::test
