// Acts are read in one way, from an app and from a history that was made elsewhere.
#include "gateway/write/ledger_acts.h"

#include "gateway/http/json.h"
#include "gateway/store/memory/memory_store.h"
#include "gateway/write/import_consents.h"
#include "tests/unit/gateway/bound_test_policy.h"
#include "tests/unit/gateway/test_keys.h"

#include <fieldgate/policy/load.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>

namespace fieldgate::write {
namespace {

namespace fs = std::filesystem;

const fs::path kPolicy = FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy";
const UtcTime kNow = *parse_rfc3339("2026-06-01T00:00:00Z");

class LedgerActs : public ::testing::Test {
 protected:
  void SetUp() override {
    policy_ = bind_test_policy(kPolicy, *store_, *keys_.keyring);
    ASSERT_NE(policy_, nullptr);
  }
  Sealing sealing() { return {*keys_.keyring, *keys_.indexer, store_->names(), keys_.random}; }

  Result<store::ConsentRecord> consent(const std::string& body, ActOrigin origin) {
    const auto json = http::parse_json(body);
    EXPECT_TRUE(json.has_value()) << body;
    return ActReader(sealing(), *policy_, kNow, 7)
        .consent(json->get_object(), policy_->set().purpose("newsletter"), origin);
  }
  // The messages of the lines that an import of these lines rejects.
  std::string rejected(const std::string& lines) {
    WriteQueue writer(*store_);
    const ImportRun run{writer, sealing(), policy_, kRowsAlone, {}, {}};
    std::istringstream in(lines);
    const auto report = import_consents(run, in, kNow, "test");
    EXPECT_TRUE(report.has_value());
    std::string said;
    for (const importing::RowError& problem : report->rejected.listed()) {
      said += std::to_string(problem.line) + ": " + problem.message + '\n';
    }
    return said;
  }

  TestKeys keys_;
  std::unique_ptr<store::ProfileStore> store_ = store::make_memory_store();
  std::shared_ptr<const read_path::BoundPolicy> policy_;
};

const std::string kRest =
    R"(,"notice":{"version":"v1","language":"en"},"collected_at":"2026-05-01T00:00:00Z"})";

TEST_F(LedgerActs, TakeTheClosedListOfMethodsAlone) {
  for (const ActOrigin origin : {ActOrigin::kToday, ActOrigin::kElsewhere}) {
    for (const std::string_view method : kConsentMethods) {
      const auto read =
          consent(R"({"state":"given","method":")" + std::string(method) + '"' + kRest, origin);
      ASSERT_TRUE(read.has_value()) << method << read.error().message;
      EXPECT_EQ(store_->names().name(read->method), method);
      EXPECT_EQ(read->id.substr(0, 4), "cns_");
      EXPECT_EQ(read->app, 7U);
      EXPECT_EQ(read->received_at, kNow);
    }
    for (const char* method : {R"("scrolling")", R"("Toggle")", R"("")", "7"}) {
      const auto read =
          consent(R"({"state":"given","method":)" + std::string(method) + kRest, origin);
      ASSERT_TRUE(read.has_error()) << method;
      EXPECT_NE(read.error().message.find("`method`"), std::string::npos) << read.error().message;
    }
  }
}

TEST_F(LedgerActs, OfTodayMustSayMoreThanOnesFromElsewhere) {
  const std::string time = R"("collected_at":"2026-05-01T00:00:00Z"})";
  const std::string method = R"("method":"toggle",)";
  EXPECT_TRUE(consent("{\"state\":\"expired\"," + time, ActOrigin::kElsewhere).has_value());
  for (const std::string& body :
       {"{\"state\":\"expired\"," + method + R"("notice":{"version":"v1","language":"en"},)" + time,
        "{\"state\":\"given\"," + method + time,
        R"({"state":"given","notice":{"version":"v1","language":"en"},)" + time}) {
    EXPECT_TRUE(consent(body, ActOrigin::kToday).has_error()) << body;
  }
  for (const std::string& wrong :
       {std::string(R"("state":"maybe",)"), std::string(R"("state":"given","level":"x",)"),
        std::string(R"("state":"given","explicit":"yes",)"),
        std::string(R"("state":"given","notice":{"version":"v9","language":"en"},)"),
        std::string(R"("state":"given","notice":{"version":"v1","language":"en","x":1},)")}) {
    EXPECT_TRUE(consent('{' + wrong + time, ActOrigin::kElsewhere).has_error()) << wrong;
  }
}

TEST_F(LedgerActs, MayNotLieFurtherAheadThanTheLimit) {
  const ActReader reader(sealing(), *policy_, kNow, 7);
  const auto at = [&](UtcTime time) {
    return reader.collected_at(boost::json::object{{"collected_at", format_rfc3339(time)}});
  };
  EXPECT_TRUE(at(kNow + kMaxCollectedAhead).has_value());
  EXPECT_TRUE(at(kNow + kMaxCollectedAhead + std::chrono::seconds(1)).has_error());
}

TEST_F(LedgerActs, AnImportReadsWithTheSameParser) {
  const std::string who = R"({"identifier":{"type":"email","value":"ada@example.com"},)";
  const std::string time = R"(,"collected_at":"2026-05-01T00:00:00Z"})";
  const std::string said = rejected(
      who + R"("purpose":"newsletter","state":"given","method":"scrolling")" + time + '\n' + who +
      R"("purpose":"newsletter","state":"given","collected_at":"2026-07-01T00:00:00Z"})" + '\n' +
      who + R"("objection":{"purpose":"direct-marketing","state":"open"})" + time + '\n' + who +
      R"("objection":{"purpose":"astrology","state":"raised"})" + time + '\n' + who +
      R"("restriction":{"state":"raised","why":"x"})" + time + '\n' + who + R"("restriction":1)" +
      time + '\n' + who + R"("objection":{"purpose":"direct-marketing","state":"raised"})" + time +
      '\n');
  EXPECT_NE(said.find("1: `method` must be one of"), std::string::npos) << said;
  EXPECT_NE(said.find("2: `collected_at` lies more than 5 minutes"), std::string::npos) << said;
  EXPECT_NE(said.find("3: `state` must be raised or withdrawn"), std::string::npos) << said;
  EXPECT_NE(said.find("4: the policy has no such purpose"), std::string::npos) << said;
  EXPECT_NE(said.find("5: the body has a member"), std::string::npos) << said;
  EXPECT_NE(said.find("6: `objection` and `restriction` must be objects"), std::string::npos)
      << said;
  EXPECT_NE(said.find("7: there is no such person"), std::string::npos) << said;
}

}  // namespace
}  // namespace fieldgate::write
