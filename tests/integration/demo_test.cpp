// What a newcomer meets: the demo's output, reads of every kind, and their records.
#include "tests/integration/support/shop_test.h"
#include "tests/integration/support/stored_log.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <regex>

namespace fieldgate::test {
namespace {

class Demo : public ShopTest {};

TEST_F(Demo, ShowsAReadWhatIsWithheldAndItsProof) {
  const std::string out = shop_->process().out();
  EXPECT_NE(out.find("imported 200 people and 573 of their choices; rejected 0"), std::string::npos)
      << out;
  EXPECT_TRUE(std::regex_search(out, std::regex("first_name +\"Ada\""))) << out;
  EXPECT_TRUE(std::regex_search(out, std::regex("city +\"Leeds\""))) << out;
  EXPECT_TRUE(std::regex_search(
      out, std::regex(R"(phone +withheld: not-for-this-purpose \(GDPR 5\(1\)\(c\)\))")))
      << out;
  EXPECT_TRUE(
      std::regex_search(out, std::regex("proof: record [0-9]+ of [0-9]+ is in the signed log")))
      << out;
  EXPECT_NE(out.find("http://127.0.0.1:" + std::to_string(shop_->port())), std::string::npos);
}

TEST_F(Demo, GivesEveryAppAKeyInAPrivateFile) {
  namespace fs = std::filesystem;
  for (const char* app : {"web-shop", "mobile-app", "crm", "support-desk", "fraud-screen",
                          "partner-acme", "ingest", "api-gateway", "dpo"}) {
    EXPECT_TRUE(std::regex_match(shop_->key(app), std::regex("fgk_[a-z2-9]{8}_[A-Za-z0-9_-]{43}")))
        << app << ' ' << shop_->key(app);
  }
  EXPECT_EQ(shop_->variable("FIELDGATE_LOG"), shop_->log().string());
  EXPECT_EQ(fs::status(shop_->home() / "demo.env").permissions(), fs::perms(0600));
  EXPECT_EQ(fs::status(shop_->home() / "root.passphrase").permissions(), fs::perms(0600));
  EXPECT_EQ(fs::status(shop_->data()).permissions(), fs::perms(0700));
  EXPECT_EQ(fs::status(shop_->data() / "control.sock").permissions(), fs::perms(0600));
}

TEST_F(Demo, AnswersAPartialReadAsTheProductPageSays) {
  Api web(*shop_, "web-shop");
  const ApiAnswer answer =
      web.read(read_of(email("Ada@Example.com"), "personalisation", {"first_name", "city", "phone"},
                       R"({"channel":"web","country":"GB"})"));
  ASSERT_EQ(answer.status, 200) << answer.text;
  const json::object& body = answer.object();
  EXPECT_EQ(body.size(), 7U) << answer.text;
  EXPECT_EQ(answer.word("subject").substr(0, 5), "psn1_");
  EXPECT_EQ(body.at("purpose").as_string(), "personalisation");
  EXPECT_EQ(body.at("policy").as_string(), "2026-11");
  EXPECT_EQ(json::serialize(body.at("fields")), R"({"first_name":"Ada","city":"Leeds"})");
  EXPECT_EQ(json::serialize(body.at("withheld")),
            R"~({"phone":{"code":"not-for-this-purpose","because":"GDPR 5(1)(c)"}})~");
  EXPECT_EQ(json::serialize(body.at("terms")), R"({"share":"no"})");
  EXPECT_EQ(body.at("audit").as_object().at("log").as_string(), "marram.example/fieldgate-audit");
  expect_proven(shop_->log(), web.receipts());
  const json::object record =
      json::parse(stored_records(shop_->log()).at(web.receipts()[0].index)).as_object();
  EXPECT_EQ(record.at("type").as_string(), "read");
  EXPECT_EQ(record.at("decision").as_string(), "partial");
  EXPECT_EQ(record.at("app").as_string(), "web-shop");
  EXPECT_EQ(record.at("basis").as_string(), "consent");
  EXPECT_EQ(json::serialize(record.at("fields")),
            R"({"first_name":"show","city":"show","phone":"not-for-this-purpose"})");
}

TEST_F(Demo, AnswersAnAllowedReadWithNothingWithheld) {
  Api web(*shop_, "web-shop");
  const ApiAnswer answer =
      web.read(read_of(email("ada@example.com"), "personalisation", {"first_name", "city"}));
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(json::serialize(answer.object().at("withheld")), "{}");
  EXPECT_EQ(json::serialize(answer.object().at("fields")),
            R"({"first_name":"Ada","city":"Leeds"})");
}

TEST_F(Demo, WithoutFieldsGivesAllThatThePurposeAllows) {
  Api web(*shop_, "web-shop");
  const ApiAnswer answer = web.read(read_of(email("ada@example.com"), "personalisation"));
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(json::serialize(answer.object().at("fields")),
            R"({"first_name":"Ada","city":"Leeds","country":"GB","birth_date":"1980-1989",)"
            R"("loyalty_tier":"leather","favourite_genres":["crime","poetry"],)"
            R"("last_purchase":"2026","lifetime_value":1200})")
      << answer.text;
}

TEST_F(Demo, ShapesWhatTheFraudScreenSees) {
  Api fraud(*shop_, "fraud-screen");
  const ApiAnswer answer = fraud.read(read_of(email("ada@example.com"), "fraud-screening"));
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.field("phone"), R"("*********0123")");
  EXPECT_EQ(answer.field("postcode"), R"("LS")");
  EXPECT_EQ(answer.field("birth_date"), R"("1984")");
  EXPECT_EQ(answer.field("country"), R"("GB")");
  EXPECT_FALSE(answer.field("email").empty());
  EXPECT_EQ(answer.text.find("ada@"), std::string::npos);
  const std::string until(answer.object().at("terms").as_object().at("retain_until").as_string());
  EXPECT_TRUE(std::regex_match(until, std::regex("20[0-9]{2}-[01][0-9]-[0-3][0-9]"))) << until;
}

struct PersonCase {
  const char* who;
  const char* app;
  const char* purpose;
  const char* context;
  int status;
  const char* code;
  const char* because;
};

TEST_F(Demo, AnswersForThePeopleOfTheBookshopAsItsPageSays) {
  const std::vector<PersonCase> cases = {
      {"ada@example.com", "mobile-app", "store-offers", "", 403, "outside-moment", "GDPR 5(1)(b)"},
      {"ada@example.com", "mobile-app", "store-offers", R"({"event":"store-entry"})", 200, "", ""},
      {"bruno@example.org", "web-shop", "personalisation", "", 403, "no-consent",
       "GDPR 6(1)(a), 4(11)"},
      {"clemence@example.org", "web-shop", "personalisation", "", 403, "consent-refused",
       "GDPR 6(1)(a), 4(11)"},
      {"chidi@example.com", "crm", "newsletter", "", 403, "consent-withdrawn", "GDPR 7(3)"},
      {"dagny@example.org", "fraud-screen", "fraud-screening", "", 403, "objected",
       "GDPR 21(1)-(3)"},
      {"dagny@example.org", "web-shop", "personalisation", "", 200, "", ""},
      {"elena@example.com", "crm", "newsletter", "", 403, "objected", "GDPR 21(1)-(3)"},
      {"fionn@example.org", "web-shop", "personalisation", "", 403, "restricted", "GDPR 18(2)"},
      {"fionn@example.org", "support-desk", "order-fulfilment", "", 403, "restricted",
       "GDPR 18(2)"},
      {"greta@example.com", "crm", "newsletter", "", 403, "guardian-needed", "GDPR 8(1)-(2)"},
      {"hugo@example.org", "crm", "newsletter", "", 200, "", ""},
      {"ines@example.com", "web-shop", "personalisation", "", 200, "", ""},
      {"ines@example.com", "web-shop", "newsletter", "", 403, "no-consent",
       "GDPR 6(1)(a), 4(11)"},  // her guardian agreed; she was not asked
      {"jasmine@example.com", "web-shop", "health-tips", "", 200, "", ""},
      {"jasmine@example.com", "partner-acme", "partner-audience", "", 200, "", ""},
      {"kenta@example.org", "web-shop", "health-tips", "", 403, "explicit-consent-needed",
       "GDPR 9(2)(a), 22(2)(c)"},
      {"luiza@example.com", "web-shop", "personalisation", "", 403, "age-unknown", "GDPR 8(1)-(2)"},
      {"meenakshi@example.org", "fraud-screen", "fraud-screening", "", 403, "past-retention",
       "GDPR 5(1)(e)"},
      {"niamh@example.com", "web-shop", "health-tips", "", 403, "consent-withdrawn", "GDPR 7(3)"},
  };
  for (const PersonCase& each : cases) {
    SCOPED_TRACE(std::string(each.who) + " for " + each.purpose);
    Api app(*shop_, each.app);
    const ApiAnswer answer = app.read(read_of(email(each.who), each.purpose, {}, each.context));
    EXPECT_EQ(answer.status, each.status) << answer.text;
    EXPECT_EQ(answer.code(), each.code);
    if (each.status == 403) {
      EXPECT_EQ(answer.problem(), "not-permitted");
      EXPECT_EQ(answer.word("because"), each.because);
      EXPECT_FALSE(answer.object().contains("fields"));
    }
    ASSERT_TRUE(answer.recorded());
    expect_proven(shop_->log(), app.receipts());
  }
}

TEST_F(Demo, RefusesWhatIsUnknownAndRecordsIt) {
  Api web(*shop_, "web-shop");
  const ApiAnswer nobody = web.read(read_of(email("nobody@example.com"), "personalisation"));
  EXPECT_EQ(nobody.status, 404);
  EXPECT_EQ(nobody.code(), "no-such-person");
  const ApiAnswer field =
      web.read(read_of(email("ada@example.com"), "personalisation", {"shoe_size"}));
  EXPECT_EQ(field.status, 400);
  EXPECT_EQ(field.code(), "unknown-field");
  EXPECT_EQ(field.text.find("shoe_size"), std::string::npos) << "a mistake may be personal data";
  const ApiAnswer purpose = web.read(read_of(email("ada@example.com"), "astrology"));
  EXPECT_EQ(purpose.status, 403);
  EXPECT_EQ(purpose.code(), "unknown-purpose");
  const ApiAnswer foreign = web.read(read_of(email("ada@example.com"), "accounting"));
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(foreign.code(), "purpose-not-granted");
  EXPECT_EQ(web.receipts().size(), 4U);
  EXPECT_TRUE(web.unrecorded().empty());
  expect_proven(shop_->log(), web.receipts());
}

TEST_F(Demo, APseudonymReadsForItsAppAndPurposeAlone) {
  Api web(*shop_, "web-shop");
  Api mobile(*shop_, "mobile-app");
  const ApiAnswer first = web.read(read_of(email("ada@example.com"), "personalisation"));
  ASSERT_EQ(first.status, 200) << first.text;
  const std::string own(first.word("subject"));
  const ApiAnswer again = web.read(read_of(pseudonym(own), "personalisation", {"first_name"}));
  EXPECT_EQ(again.status, 200) << again.text;
  EXPECT_EQ(again.field("first_name"), R"("Ada")");
  EXPECT_EQ(again.word("subject"), own);
  const ApiAnswer purpose = web.read(read_of(pseudonym(own), "order-fulfilment"));
  EXPECT_EQ(purpose.status, 404);
  EXPECT_EQ(purpose.code(), "no-such-person");
  const ApiAnswer app = mobile.read(read_of(pseudonym(own), "personalisation"));
  EXPECT_EQ(app.status, 404);
  EXPECT_EQ(app.code(), "no-such-person");
  const ApiAnswer theirs = mobile.read(read_of(email("ada@example.com"), "personalisation"));
  ASSERT_EQ(theirs.status, 200);
  EXPECT_NE(theirs.word("subject"), own) << "two apps could join";
  std::string forged = own;
  forged[forged.size() - 5] = forged[forged.size() - 5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(web.read(read_of(pseudonym(forged), "personalisation")).status, 404);
  for (const char* text : {"psn1_", "psn1_short", "psn2_AAAA", "ada@example.com", "x"}) {
    const ApiAnswer malformed = web.read(read_of(pseudonym(text), "personalisation"));
    EXPECT_EQ(malformed.status, 400) << text;
    EXPECT_FALSE(malformed.recorded()) << text;
  }
  expect_proven(shop_->log(), web.receipts(), web.unrecorded());
}

TEST_F(Demo, ABatchDecidesAndRecordsEachReadOnItsOwn) {
  Api web(*shop_, "web-shop");
  std::string reads;
  for (int i = 0; i < 100; ++i) {
    reads += i == 0 ? "" : ",";
    reads += i == 37   ? std::string(R"({"purpose":"personalisation"})")
             : i == 38 ? read_of(email("nobody@example.com"), "personalisation")
             : i == 39 ? read_of(email("bruno@example.org"), "personalisation")
             : i == 40 ? read_of(email("ada@example.com"), "personalisation", {"shoe_size"})
                       : read_of(email("ada@example.com"), "personalisation", {"first_name"});
  }
  const ApiAnswer answer = web.post("/v1/profiles/read/batch", "{\"reads\":[" + reads + "]}");
  ASSERT_EQ(answer.status, 200) << answer.text;
  const json::array& results = answer.object().at("results").as_array();
  ASSERT_EQ(results.size(), 100U);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const json::object& body = results[i].as_object().at("body").as_object();
    const int expected = i == 37 || i == 40 ? 400 : i == 38 ? 404 : i == 39 ? 403 : 200;
    EXPECT_EQ(results[i].as_object().at("status"), expected) << i;
    EXPECT_EQ(body.contains("audit"), i != 37) << i;
    if (expected == 200) {
      EXPECT_EQ(json::serialize(body.at("fields")), R"({"first_name":"Ada"})");
    }
  }
  EXPECT_EQ(web.receipts().size(), 99U);
  expect_proven(shop_->log(), web.receipts());

  const std::size_t records = stored_records(shop_->log()).size();
  const ApiAnswer more = web.post(
      "/v1/profiles/read/batch",
      "{\"reads\":[" + reads + ',' + read_of(email("a@b.example"), "personalisation") + "]}");
  EXPECT_EQ(more.status, 400) << more.text;
  EXPECT_EQ(web.post("/v1/profiles/read/batch", R"({"reads":[]})").status, 400);
  EXPECT_EQ(stored_records(shop_->log()).size(), records) << "a refused batch is not recorded";
}

TEST_F(Demo, TheSegmentShapedDoorAnswersInItsShape) {
  Api plain(shop_->port(), "");
  const auto basic = [&](const std::string& user) {
    return run_to_end({"sh", "-c", "printf '%s' '" + user + ":' | base64 -w0"}, {}).out;
  };
  const std::string header = "Authorization: Basic " + basic(shop_->key("web-shop"));
  const std::string path = "/v1/spaces/shop/collections/users/profiles/";
  const ApiAnswer answer =
      plain.ask("GET", path + "email:ada@example.com/traits?include=first_name,city,phone&limit=1",
                {header}, {});
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(json::serialize(answer.object().at("traits")), R"({"first_name":"Ada"})");
  EXPECT_EQ(json::serialize(answer.object().at("cursor")),
            R"({"url":"","has_more":true,"next":"","limit":1})");
  EXPECT_TRUE(answer.object().at("withheld").as_object().contains("phone"));
  const ApiAnswer by_account = plain.ask("GET", path + "user_id:BK-1001/traits", {header}, {});
  EXPECT_EQ(by_account.status, 200) << by_account.text;
  const ApiAnswer nobody = plain.ask("GET", path + "email:nobody@example.com/traits", {header}, {});
  EXPECT_EQ(nobody.status, 404);
  EXPECT_EQ(nobody.code(), "no-such-person");
  const ApiAnswer refused = plain.ask("GET", path + "email:bruno@example.org/traits", {header}, {});
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.code(), "no-consent");
  EXPECT_EQ(plain.receipts().size(), 4U);
  for (const char* query : {"?limit=0", "?limit=201", "?limit=x", "?page=2", "?limit=1&limit=2"}) {
    EXPECT_EQ(plain.ask("GET", path + "email:ada@example.com/traits" + query, {header}, {}).status,
              400)
        << query;
  }
  EXPECT_EQ(plain
                .ask("GET", path + "email:ada@example.com/traits",
                     {"Authorization: Bearer " + shop_->key("web-shop")}, {})
                .status,
            401);
  const std::string no_default = "Authorization: Basic " + basic(shop_->key("ingest"));
  const ApiAnswer without =
      plain.ask("GET", path + "email:ada@example.com/traits", {no_default}, {});
  EXPECT_EQ(without.status, 403);
  EXPECT_EQ(without.problem(), "forbidden");
  expect_proven(shop_->log(), plain.receipts(), plain.unrecorded());
}

TEST_F(Demo, ServesOperationsOnTheirOwnPortAlone) {
  HttpClient operations(shop_->operations_port());
  for (const char* path : {"/healthz", "/readyz", "/metrics"}) {
    const auto answer = operations.request("GET", path, {}, {});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200) << path;
  }
  HttpClient apps(shop_->port());
  const auto elsewhere = apps.request("GET", "/readyz", {}, {});
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->status, 404);
  const auto read = operations.request("POST", "/v1/profiles/read",
                                       {"Authorization: Bearer " + shop_->key("web-shop")}, "{}");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, 404);
  const auto openapi = apps.request("GET", "/openapi.json", {}, {});
  ASSERT_TRUE(openapi);
  EXPECT_EQ(openapi->status, 200);
}

TEST_F(Demo, CountsAnswersByStatusInMetrics) {
  HttpClient operations(shop_->operations_port());
  const auto counted = [&](const std::string& code) {
    const auto answer = operations.request("GET", "/metrics", {}, {});
    EXPECT_TRUE(answer);
    const std::string text = answer ? answer->body : std::string();
    const std::string name = "\nfieldgate_http_responses_total{code=\"" + code + "\"} ";
    const std::size_t at = text.find(name);
    EXPECT_NE(at, std::string::npos) << text;
    return at == std::string::npos ? -1 : std::stol(text.substr(at + name.size()));
  };
  const long refused = counted("401");
  const long missing = counted("404");
  const long odd = counted("other");
  Api nobody(shop_->port(), "");
  EXPECT_EQ(nobody.post("/v1/profiles/read", "{}").status, 401);
  EXPECT_EQ(nobody.get("/nowhere").status, 404);
  EXPECT_EQ(nobody.get("/nowhere/else").status, 404);
  EXPECT_EQ(counted("401"), refused + 1);
  EXPECT_EQ(counted("404"), missing + 2);
  EXPECT_EQ(counted("other"), odd);
}

TEST(DemoState, ASecondStartKeepsDataKeysAndPseudonyms) {
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  const std::string key = shop.key("web-shop");
  const std::string vkey = shop.variable("FIELDGATE_LOG_VKEY");
  Api before(shop, "web-shop");
  const ApiAnswer first = before.read(read_of(email("ada@example.com"), "personalisation"));
  ASSERT_EQ(first.status, 200);
  ASSERT_EQ(
      before.post("/v1/consents", consent_of(email("ada@example.com"), {"newsletter", "withdrawn"}))
          .status,
      201);
  EXPECT_EQ(shop.stop(), 0);
  ASSERT_TRUE(shop.start_demo());
  EXPECT_NE(shop.process().out().find("kept the data of the last run: 200 people"),
            std::string::npos);
  EXPECT_EQ(shop.key("web-shop"), key);
  EXPECT_EQ(shop.variable("FIELDGATE_LOG_VKEY"), vkey);
  Api after(shop, "web-shop");
  const ApiAnswer second = after.read(read_of(pseudonym(first.word("subject")), "personalisation"));
  EXPECT_EQ(second.status, 200) << second.text;
  EXPECT_EQ(json::serialize(second.object().at("fields")),
            json::serialize(first.object().at("fields")));
  EXPECT_EQ(after.read(read_of(email("ada@example.com"), "newsletter")).code(),
            "consent-withdrawn");
  EXPECT_EQ(shop.stop(), 0);
  shop.expect_log_verifies();
  std::vector<Receipt> all = before.receipts();
  all.insert(all.end(), after.receipts().begin(), after.receipts().end());
  expect_proven(shop.log(), all);
}

}  // namespace
}  // namespace fieldgate::test
