// `fieldgate policy replay` and the observed record of processing on a log that a real server made:
// a changed policy makes exactly the known differences.
#include "tests/integration/support/policy_people.h"
#include "tests/integration/support/shop_test.h"
#include "tests/integration/support/stored_log.h"

#include <boost/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace fieldgate::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const fs::path kBookshop = FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy";

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}
std::uint64_t number_of(const json::value& value) {
  return value.to_number<std::uint64_t>();
}

/// Eight reads of three people, then a clean stop, so that the checkpoint covers all of them.
class PolicyReplay : public ShopTest {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    shop_ = std::make_unique<Bookshop>();
    started_ = shop_->start_demo();
    ASSERT_TRUE(started_);
    Api ingest(*shop_, "ingest");
    Api web(*shop_, "web-shop");
    Api crm(*shop_, "crm");
    for (const char* who : {"rea@example.com", "reb@example.com", "rec@example.com"}) {
      make_person(ingest, who);
      const char* state = std::string(who) == "rec@example.com" ? "refused" : "given";
      const ApiAnswer consented =
          web.post("/v1/consents", consent_of(email(who), {"personalisation", state}));
      ASSERT_EQ(consented.status, 201) << consented.text;
    }
    const auto read = [](Api& app, const std::string& who, const std::string& purpose, int status,
                         const std::vector<std::string>& fields = {}) {
      const ApiAnswer answer = app.read(read_of(email(who), purpose, fields));
      EXPECT_EQ(answer.status, status) << answer.text;
      reads_.push_back(answer.request_id);
    };
    read(web, "rea@example.com", "personalisation", 200);
    read(web, "rea@example.com", "personalisation", 200, {"city", "birth_date", "phone"});
    read(web, "reb@example.com", "personalisation", 200);
    read(web, "rec@example.com", "personalisation", 403);
    read(crm, "rea@example.com", "newsletter", 403);
    read(web, "nobody@example.com", "personalisation", 404);
    read(web, "rea@example.com", "no-such-purpose", 403);
    read(crm, "rea@example.com", "fraud-screening", 403);
    ASSERT_EQ(shop_->stop(), 0);
    for (const std::string& line : stored_records(shop_->log())) {
      const json::value record = json::parse(line);
      for (std::size_t i = 0; i < reads_.size(); ++i) {
        if (text_of(record.at("id")) == reads_[i]) {
          times_[i] = text_of(record.at("time"));
        }
      }
    }
    ASSERT_EQ(times_.size(), reads_.size());
  }
  static void TearDownTestSuite() {
    shop_.reset();
    folder_.reset();
  }

  /// The bookshop's policy without its own tests, changed.
  static fs::path policy_with(const std::vector<std::pair<std::string, std::string>>& changes,
                              const std::string& file = "purposes.yaml") {
    const fs::path copy = folder_->path() / ("policy-" + std::to_string(copies_++));
    fs::copy(kBookshop, copy, fs::copy_options::recursive);
    fs::remove(copy / "tests.yaml");
    for (const auto& [from, to] : changes) {
      replace_in_file(copy / file, from, to);
    }
    return copy;
  }

  static json::object replay(const fs::path& policy, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{
        "policy", "replay",  policy.string(), "--log", shop_->data().string(),
        "--json", "--since", times_.at(0)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished done = shop_->cli(arguments);
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(done.err,
              keys_can_be_locked()
                  ? ""
                  : "fieldgate: warning: the keys are not locked in memory (memlock limit "
                    "too low)\n")
        << "quiet in a pipe";
    return done.code == 0 ? json::parse(done.out).as_object() : json::object{};
  }
  static json::object without_keys(const fs::path& policy) {
    const Finished done =
        run_to_end({FIELDGATE_BINARY, "policy", "replay", policy.string(), "--log",
                    shop_->log().string(), "--json", "--since", times_.at(0)},
                   {{"FIELDGATE_HOME", (folder_->path() / "nothing-here").string()}});
    EXPECT_EQ(done.code, 0) << done.err;
    return done.code == 0 ? json::parse(done.out).as_object() : json::object{};
  }
  static std::map<std::string, std::uint64_t> obstacles(const json::object& report) {
    std::map<std::string, std::uint64_t> found;
    for (const json::value& one : report.at("obstacles").as_array()) {
      found[text_of(one.at("reason"))] = number_of(one.at("reads"));
      EXPECT_FALSE(text_of(one.at("says")).empty());
    }
    return found;
  }
  /// "app/purpose/field change reads people", in order.
  static std::vector<std::string> lines(const json::value& changes) {
    std::vector<std::string> out;
    for (const json::value& one : changes.as_array()) {
      const json::value* field = one.as_object().if_contains("field");
      out.push_back(text_of(one.at("app")) + '/' + text_of(one.at("purpose")) + '/' +
                    (field == nullptr ? "" : text_of(*field)) + ' ' + text_of(one.at("change")) +
                    ' ' + json::serialize(one.at("reads")) + ' ' +
                    json::serialize(one.at("people")) + ' ' + json::serialize(one.at("reasons")));
    }
    return out;
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::vector<std::string> reads_;
  static inline std::map<std::size_t, std::string> times_;
  static inline int copies_ = 0;
};

using Lines = std::vector<std::string>;

TEST_F(PolicyReplay, TheSamePolicyChangesNothing) {
  const json::object report = replay(kBookshop);
  EXPECT_EQ(number_of(report.at("reads")), 8U);
  EXPECT_EQ(number_of(report.at("evaluated")), 7U);
  EXPECT_EQ(number_of(report.at("unchanged")), 7U);
  EXPECT_EQ(obstacles(report), (std::map<std::string, std::uint64_t>{{"not-named", 1}}));
  EXPECT_EQ(number_of(report.at("people").at("evaluated")), 3U);
  EXPECT_EQ(number_of(report.at("people").at("affected")), 0U);
  EXPECT_EQ(lines(report.at("changes")), Lines{});
  EXPECT_EQ(lines(report.at("fields")), Lines{});
}

TEST_F(PolicyReplay, AFieldTakenAwayAndOneGivenInAnotherForm) {
  const json::object report =
      replay(policy_with({{"fields: {first_name: show, city: show, country: show, birth_date: "
                           "{generalise: band-10}, loyalty_tier: show}",
                           "fields: {first_name: show, country: show, birth_date: {generalise: "
                           "year}, loyalty_tier: show}"}}));
  EXPECT_EQ(number_of(report.at("unchanged")), 4U);
  EXPECT_EQ(number_of(report.at("people").at("affected")), 2U);
  EXPECT_EQ(lines(report.at("changes")), Lines{}) << "something is still released each time";
  EXPECT_EQ(lines(report.at("fields")), (Lines{"web-shop/personalisation/birth_date other-form 3 2 "
                                               "{\"generalise:band-10 -> generalise:year\":3}",
                                               "web-shop/personalisation/city allow-to-deny 3 2 "
                                               "{\"not-for-this-purpose\":3}"}));
}

TEST_F(PolicyReplay, ABasisThatAsksForNoConsent) {
  const fs::path policy =
      policy_with({{"    basis: consent\n    direct_marketing: true                 # 21(2)-(3)\n"
                    "    consent: {text: newsletter}\n",
                    "    basis: legitimate-interest\n    balancing_test: LIA-1\n    "
                    "direct_marketing: true\n"}});
  const json::object report = replay(policy);
  EXPECT_EQ(lines(report.at("changes")),
            (Lines{"crm/newsletter/ deny-to-allow 1 1 {\"no-consent\":1}"}));
  EXPECT_EQ(lines(report.at("fields")),
            (Lines{"crm/newsletter/country deny-to-allow 1 1 {\"no-consent\":1}",
                   "crm/newsletter/email deny-to-allow 1 1 {\"no-consent\":1}",
                   "crm/newsletter/first_name deny-to-allow 1 1 {\"no-consent\":1}"}));
  EXPECT_EQ(number_of(report.at("people").at("affected")), 1U);
}

TEST_F(PolicyReplay, AMomentThatDidNotHold) {
  const json::object report =
      replay(policy_with({{"birth_date: {generalise: band-10}, loyalty_tier: show}\n    levels:",
                           "birth_date: {generalise: band-10}, loyalty_tier: show}\n    only_when: "
                           "[entering-a-store]\n    levels:"}}));
  EXPECT_EQ(lines(report.at("changes")),
            (Lines{"web-shop/personalisation/ allow-to-deny 3 2 "
                   "{\"not-for-this-purpose\":1,\"outside-moment\":2}"}))
      << "one of the reads asked for a field that the purpose has not: that is named first";
}

TEST_F(PolicyReplay, AGrantTakenAwayNeedsNoKey) {
  const fs::path policy = policy_with(
      {{"  web-shop:\n    recipient: marram\n    purposes: [order-fulfilment, personalisation,",
        "  web-shop:\n    recipient: marram\n    purposes: [order-fulfilment,"},
       {"    default_purpose: personalisation\n", ""}},
      "apps.yaml");
  const json::object with = replay(policy);
  EXPECT_EQ(lines(with.at("changes")),
            (Lines{"web-shop/personalisation/ allow-to-deny 3 2 {\"purpose-not-granted\":3}"}));
  const json::object without = without_keys(policy);
  EXPECT_EQ(lines(without.at("changes")),
            (Lines{"web-shop/personalisation/ allow-to-deny 3 null {\"purpose-not-granted\":3}"}));
  EXPECT_TRUE(without.at("people").at("affected").is_null());
  EXPECT_FALSE(text_of(without.at("people").at("says")).empty());
  EXPECT_EQ(obstacles(without),
            (std::map<std::string, std::uint64_t>{{"not-named", 1}, {"sealed", 1}}));
}

TEST_F(PolicyReplay, WithoutTheKeyRingOnlyThePublicPartIsRead) {
  const json::object report = without_keys(kBookshop);
  EXPECT_EQ(number_of(report.at("reads")), 8U);
  EXPECT_EQ(obstacles(report),
            (std::map<std::string, std::uint64_t>{{"not-named", 1}, {"sealed", 5}}));
  EXPECT_EQ(number_of(report.at("evaluated")), 2U) << "no such person; not granted";
}

TEST_F(PolicyReplay, AGrantGivenFindsNobodyLookedUp) {
  const json::object report =
      replay(policy_with({{"recipient: letterline, purposes: [newsletter]",
                           "recipient: letterline, purposes: [newsletter, fraud-screening]"}},
                         "apps.yaml"));
  EXPECT_EQ(obstacles(report),
            (std::map<std::string, std::uint64_t>{{"not-named", 1}, {"person-not-looked-up", 1}}));
}

TEST_F(PolicyReplay, WindowsAreHalfOpen) {
  EXPECT_EQ(number_of(replay(kBookshop, {"--until", times_.at(2)}).at("reads")), 2U);
  EXPECT_EQ(number_of(replay(kBookshop, {"--until", times_.at(0)}).at("reads")), 0U);
  const Finished bad = shop_->cli({"policy", "replay", kBookshop.string(), "--log",
                                   shop_->data().string(), "--since", "yesterday"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_NE(bad.err.find("`--since`"), std::string::npos) << bad.err;
}

TEST_F(PolicyReplay, ABrokenLogIsRefusedAtItsPlace) {
  const auto used = used_bytes(shop_->log());
  ASSERT_EQ(used.size(), 1U);
  const fs::path name = used[0].file.filename();
  const fs::path tampered = folder_->path() / "tampered";
  fs::copy(shop_->log(), tampered, fs::copy_options::recursive);
  std::string bytes = read_file(tampered / name);
  bytes[used[0].size - 200] ^= 1;
  write_file(tampered / name, bytes);
  const fs::path torn = folder_->path() / "torn";
  fs::copy(shop_->log(), torn, fs::copy_options::recursive);
  fs::resize_file(torn / name, used[0].size - 200);
  for (const fs::path& log : {tampered, torn}) {
    const Finished verified = shop_->cli({"audit", "verify", log.string()});
    EXPECT_EQ(verified.code, 1) << verified.out;
    const std::string place = verified.out.substr(0, verified.out.find('\n'));
    EXPECT_NE(place.find(name.string()), std::string::npos) << place;
    for (const char* form : {"replay", "export"}) {
      std::vector<std::string> arguments{"policy", form, kBookshop.string(), "--log", log.string()};
      if (std::string(form) == "export") {
        arguments.insert(arguments.end(), {"--format", "ropa-csv"});
      }
      const Finished done = shop_->cli(arguments);
      EXPECT_EQ(done.code, 1) << done.out;
      EXPECT_EQ(done.out, "") << "nothing is told of a log that may be altered";
      EXPECT_NE(done.err.find(place), std::string::npos) << done.err << "\nnot: " << place;
    }
  }
}

TEST_F(PolicyReplay, ALiveGatewayAnswersToo) {
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  Api web(shop, "web-shop");
  EXPECT_NE(web.read(read_of(email("ada@example.com"), "personalisation")).status, 0);
  const Finished done =
      shop.cli({"policy", "replay", kBookshop.string(), "--log", shop.log().string(), "--json"});
  EXPECT_EQ(done.code, 0) << done.err;
  const json::value report = json::parse(done.out);
  EXPECT_EQ(number_of(report.at("evaluated")), number_of(report.at("unchanged")));
  EXPECT_GE(number_of(report.at("reads")), 1U) << "the demo's own read";
  EXPECT_EQ(shop.stop(), 0);
}

TEST_F(PolicyReplay, TheRecordOfProcessingShowsDrift) {
  const fs::path policy =
      policy_with({{"city: show, country: show, birth_date", "country: show, birth_date"}});
  const Finished done = shop_->cli({"policy", "export", policy.string(), "--format", "ropa-csv",
                                    "--log", shop_->data().string()});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_NE(done.out.find("observed but not declared: field city"), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("declared but never observed: the purpose"), std::string::npos);
  const Finished plain = shop_->cli({"policy", "export", policy.string(), "--format", "ropa-csv"});
  EXPECT_EQ(plain.code, 0);
  EXPECT_EQ(plain.out.find("_observed"), std::string::npos);
  for (const char* format : {"dpv-jsonld", "odrl"}) {
    const Finished exported = shop_->cli({"policy", "export", policy.string(), "--format", format});
    EXPECT_EQ(exported.code, 0) << exported.err;
    EXPECT_TRUE(json::parse(exported.out).as_object().contains("@context"));
    EXPECT_EQ(shop_
                  ->cli({"policy", "export", policy.string(), "--format", format, "--log",
                         shop_->data().string()})
                  .code,
              2);
  }
}

}  // namespace
}  // namespace fieldgate::test
