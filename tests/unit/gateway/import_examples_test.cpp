// The example deployments: what lies in docs/examples must load, lint clean and import whole.
#include "gateway/http/json.h"
#include "gateway/import/mapping.h"
#include "gateway/import/row_source.h"

#include <fieldgate/crypto/identifiers.h>
#include <fieldgate/policy/load.h>
#include <fieldgate/policy/review.h>

#include <gtest/gtest.h>
#include <boost/json/object.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

namespace fieldgate::importing {
namespace {

ImportDefaults test_defaults() {
  ImportDefaults defaults;
  defaults.now = *parse_rfc3339("2026-11-02T12:00:00Z");
  return defaults;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

policy::PolicySnapshot bookshop() {
  const auto loaded = policy::load_policy_directory(std::filesystem::path(FIELDGATE_SOURCE_DIR) /
                                                    "docs/examples/bookshop/policy");
  for (const Diagnostic& finding : loaded.findings) {
    ADD_FAILURE() << format_diagnostic(finding);
  }
  return loaded.policy;
}

// The bookshop's fields are not those of the test policy, so this sink only counts.
struct Counts final : RowSink {
  Result<void> on_row(PersonRow row) override {
    rows.push_back(std::move(row));
    return ok();
  }
  void on_error(RowError error) override {
    ADD_FAILURE() << error.line << ' ' << error.field << ": " << error.message;
  }
  void on_dropped(RowError note) override { dropped.push_back(std::move(note)); }
  std::vector<PersonRow> rows;
  std::vector<RowError> dropped;
};

TEST(ExamplePeople, OfTheBookshopImportWhole) {
  const auto policy = bookshop();
  ASSERT_NE(policy, nullptr);
  std::ifstream in(std::filesystem::path(FIELDGATE_SOURCE_DIR) /
                   "docs/examples/bookshop/people.csv");
  Counts sink;
  const auto source = make_csv_source(*policy, nullptr, test_defaults(), sink);
  ASSERT_TRUE(read_all(in, *source).has_value());
  EXPECT_EQ(sink.rows.size(), 200U);
  std::set<std::string> identifiers;
  std::size_t total = 0;
  std::set<std::string> countries;
  for (const PersonRow& row : sink.rows) {
    for (const PersonIdentifier& identifier : row.identifiers) {
      identifiers.insert(identifier.normalised);
      ++total;
    }
    for (const PersonField& field : row.fields) {
      if (field.field == policy->country_field()) {
        countries.insert(field.plaintext);
      }
    }
  }
  EXPECT_EQ(identifiers.size(), total) << "no two people share an identifier";
  EXPECT_GE(countries.size(), 20U);
}

TEST(ExampleMapping, ReadsEveryChinookCustomer) {
  const std::filesystem::path customers =
      std::filesystem::path(FIELDGATE_SHARED_DIR) / "data/chinook/customers.csv";
  if (!std::filesystem::exists(customers)) {
    GTEST_SKIP() << "skipped: no shared data";
  }
  const auto policy = bookshop();
  ASSERT_NE(policy, nullptr);
  const std::filesystem::path file =
      std::filesystem::path(FIELDGATE_SOURCE_DIR) / "docs/examples/chinook/mapping.yaml";
  const MappingResult mapping = load_mapping(read_text(file), "mapping.yaml", *policy);
  ASSERT_TRUE(mapping.mapping.has_value()) << format_diagnostic(mapping.findings.at(0));
  std::ifstream in(customers);
  Counts sink;
  const auto source = make_csv_source(*policy, &*mapping.mapping, test_defaults(), sink);
  ASSERT_TRUE(read_all(in, *source).has_value());
  EXPECT_EQ(sink.rows.size(), 59U);
  std::size_t phones = 0;
  std::size_t countries = 0;
  for (const PersonRow& row : sink.rows) {
    for (const PersonIdentifier& identifier : row.identifiers) {
      phones += identifier.type == IdentifierType::kPhone ? 1U : 0U;
    }
    for (const PersonField& field : row.fields) {
      countries += field.field == policy->country_field() ? 1U : 0U;
    }
  }
  EXPECT_EQ(countries, 59U);
  // One person has no number; one number has a digit too many for its country.
  EXPECT_EQ(phones + sink.dropped.size(), 58U);
  EXPECT_GE(phones, 55U);
  std::cout << "chinook: " << sink.rows.size() << " people, " << phones << " phones, "
            << sink.dropped.size() << " dropped\n";
}

TEST(ExamplePolicy, OfTheBookshopIsCleanAndPassesItsTests) {
  const auto policy = bookshop();
  ASSERT_NE(policy, nullptr);
  for (const Diagnostic& finding :
       policy::lint_policy(*policy, std::filesystem::path(FIELDGATE_SOURCE_DIR) /
                                        "docs/examples/bookshop/policy")) {
    ADD_FAILURE() << format_diagnostic(finding);
  }
  const policy::TestReport report = policy::run_policy_tests(*policy);
  for (const policy::TestOutcome& test : report.tests) {
    EXPECT_TRUE(test.pass) << test.it << ": expected " << test.expected << ", got " << test.got;
  }
  for (const policy::PurposeCoverage& purpose : report.coverage.purposes) {
    EXPECT_GT(purpose.tests, 0U) << purpose.purpose;
  }
  EXPECT_GE(report.tests.size(), 16U);
}

TEST(ExampleConsents, OfTheBookshopHoldEveryState) {
  const auto policy = bookshop();
  ASSERT_NE(policy, nullptr);
  const std::filesystem::path folder =
      std::filesystem::path(FIELDGATE_SOURCE_DIR) / "docs/examples/bookshop";
  std::set<std::string> accounts;
  {
    std::ifstream in(folder / "people.csv");
    Counts sink;
    const auto source = make_csv_source(*policy, nullptr, test_defaults(), sink);
    ASSERT_TRUE(read_all(in, *source).has_value());
    for (const PersonRow& row : sink.rows) {
      accounts.insert(row.identifiers.front().normalised);
    }
  }
  std::set<std::string> states;
  std::set<std::string> purposes;
  std::size_t objections = 0;
  std::size_t restrictions = 0;
  std::size_t guardians = 0;
  std::ifstream in(folder / "consents.jsonl");
  std::string text;
  UtcTime last{};
  while (std::getline(in, text)) {
    const auto line = http::parse_json(text);
    ASSERT_TRUE(line.has_value()) << text;
    const boost::json::object& act = line->as_object();
    EXPECT_TRUE(accounts.contains(std::string(act.at("identifier").at("value").as_string())));
    const auto at = parse_rfc3339(act.at("collected_at").as_string());
    ASSERT_TRUE(at.has_value()) << text;
    EXPECT_GE(*at, last) << "in order of arrival";
    last = *at;
    objections += act.contains("objection") ? 1U : 0U;
    restrictions += act.contains("restriction") ? 1U : 0U;
    guardians += act.contains("guardian") ? 1U : 0U;
    if (act.contains("state")) {
      states.insert(std::string(act.at("state").as_string()));
      purposes.insert(std::string(act.at("purpose").as_string()));
      EXPECT_EQ(act.at("notice").at("version").as_string(), "v1");
      EXPECT_NE(policy->purpose(act.at("purpose").as_string()), policy::kUnknownIndex);
      EXPECT_TRUE(policy::parse_consent_status(act.at("state").as_string()).has_value());
    }
  }
  EXPECT_EQ(states.size(), 11U);
  EXPECT_EQ(purposes.size(), 5U);
  EXPECT_GT(objections, 0U);
  EXPECT_GT(restrictions, 0U);
  EXPECT_GT(guardians, 0U);
}

}  // namespace
}  // namespace fieldgate::importing
