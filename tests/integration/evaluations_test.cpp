// Evaluations as a gateway or an app asks for them: who may ask, what is said, what is recorded.
#include "tests/integration/support/shop_test.h"
#include "tests/integration/support/stored_log.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <set>

namespace fieldgate::test {
namespace {

constexpr const char* kEvaluation = "/access/v1/evaluation";
constexpr const char* kEvaluations = "/access/v1/evaluations";

class Evaluations : public ShopTest {
 protected:
  static std::string evaluation(const std::string& app, const std::string& who,
                                const std::string& purpose, const std::string& fields = {},
                                const std::string& more_context = {}) {
    return R"({"subject":{"type":"app","id":")" + app +
           R"("},"action":{"name":"read"},"resource":{"type":"profile","id":")" + who + '"' +
           (fields.empty() ? std::string() : R"(,"properties":{"fields":)" + fields + '}') +
           R"(},"context":{"purpose":")" + purpose + '"' + more_context + "}}";
  }
  static std::string pseudonym_of(Api& app, const std::string& address,
                                  const std::string& purpose) {
    const ApiAnswer read = app.read(read_of(email(address), purpose));
    EXPECT_EQ(read.status, 200) << read.text;
    return read.word("subject");
  }
  static bool decision(const ApiAnswer& answer) {
    return answer.status == 200 && answer.object().at("decision").as_bool();
  }
  static std::string code(const json::value& evaluation) {
    return std::string(evaluation.at("context").at("code").as_string());
  }
  static json::object record_of(const Receipt& receipt) {
    return json::parse(stored_records(shop_->log()).at(receipt.index)).as_object();
  }
};

TEST_F(Evaluations, SayWhatMayBeReadAndNeverTheValues) {
  Api web(*shop_, "web-shop");
  const std::string ada = pseudonym_of(web, "ada@example.com", "personalisation");
  const ApiAnswer all = web.post(kEvaluation, evaluation("web-shop", ada, "personalisation"));
  ASSERT_TRUE(decision(all)) << all.text;
  const json::object& context = all.object().at("context").as_object();
  EXPECT_EQ(json::serialize(context.at("obligations")),
            R"([{"field":"birth_date","apply":{"generalise":"band-10"}},)"
            R"({"field":"last_purchase","apply":{"generalise":"year"}},)"
            R"({"field":"lifetime_value","apply":{"round":2}}])");
  EXPECT_EQ(context.at("purpose").as_string(), "personalisation");
  EXPECT_EQ(context.at("policy").as_string(), "2026-11");
  for (const char* value : {"Ada", "Leeds", "1984", "1980", "crime", "leather", "ada@"}) {
    EXPECT_EQ(all.text.find(value), std::string::npos) << value;
  }
  const json::object record = record_of(web.receipts().back());
  EXPECT_EQ(record.at("type").as_string(), "search");
  EXPECT_EQ(record.at("door").as_string(), "evaluation");
  EXPECT_EQ(record.at("decision").as_string(), "allow");
  EXPECT_EQ(record.at("id"), context.at("record"));
  EXPECT_EQ(json::serialize(record.at("fields")),
            R"({"first_name":"decided:show","city":"decided:show","country":"decided:show",)"
            R"("birth_date":"decided:generalise:band-10","loyalty_tier":"decided:show",)"
            R"("favourite_genres":"decided:show","last_purchase":"decided:generalise:year",)"
            R"("lifetime_value":"decided:round:2"})");
  EXPECT_FALSE(record.contains("about_app"));

  // A yes stands for every field that was named.
  const ApiAnswer some = web.post(
      kEvaluation, evaluation("web-shop", ada, "personalisation", R"(["first_name","phone"])"));
  ASSERT_EQ(some.status, 200);
  EXPECT_FALSE(decision(some));
  EXPECT_EQ(code(some.body), "not-for-this-purpose");
  EXPECT_EQ(json::serialize(some.object().at("context").at("fields")),
            R"~({"first_name":{"outcome":"permitted"},"phone":{"outcome":"withheld",)~"
            R"~("code":"not-for-this-purpose","because":"GDPR 5(1)(c)"}})~");
  const ApiAnswer fewer = web.post(kEvaluation, evaluation("web-shop", ada, "personalisation", {},
                                                           R"(,"fields":["first_name"])"));
  EXPECT_TRUE(decision(fewer)) << fewer.text;
  expect_proven(shop_->log(), web.receipts(), web.unrecorded());
}

TEST_F(Evaluations, AgreeWithTheReadsOfThePeopleOfTheBookshop) {
  // Everybody has a contract; their pseudonyms for other purposes come with a write of consent.
  const std::vector<std::pair<std::string, std::string>> reads = {
      {"web-shop", "personalisation"},     {"web-shop", "newsletter"},
      {"web-shop", "health-tips"},         {"web-shop", "order-fulfilment"},
      {"mobile-app", "store-offers"},      {"crm", "newsletter"},
      {"fraud-screen", "fraud-screening"}, {"partner-acme", "partner-audience"}};
  Api gateway(*shop_, "api-gateway");
  std::size_t permitted = 0;
  std::size_t refused = 0;
  for (const auto& [app_name, purpose] : reads) {
    Api app(*shop_, app_name);
    for (const char* who :
         {"ada@example.com", "bruno@example.org", "clemence@example.org", "chidi@example.com",
          "dagny@example.org", "elena@example.com", "hugo@example.org", "ines@example.com",
          "jasmine@example.com", "kenta@example.org", "luiza@example.com"}) {
      SCOPED_TRACE(std::string(who) + " for " + purpose);
      const ApiAnswer read = app.read(read_of(email(who), purpose));
      if (read.status != 200) {
        ++refused;
        continue;  // a person who cannot be read has no pseudonym yet to ask with
      }
      const std::string body = evaluation(app_name, read.word("subject"), purpose);
      for (Api* asks : {&app, &gateway}) {
        const ApiAnswer said = asks->post(kEvaluation, body);
        ASSERT_TRUE(decision(said)) << said.text;
        std::set<std::string> returned;
        for (const auto& field : read.object().at("fields").as_object()) {
          returned.emplace(field.key());
        }
        std::set<std::string> allowed;
        for (const auto& field : said.object().at("context").at("fields").as_object()) {
          if (field.value().at("outcome").as_string() == "permitted") {
            allowed.emplace(field.key());
          } else {
            EXPECT_EQ(std::string(field.value().at("code").as_string()),
                      read.withheld(std::string(field.key())));
          }
        }
        EXPECT_EQ(allowed, returned);
        ++permitted;
      }
    }
  }
  EXPECT_GT(permitted, 40U);
  EXPECT_GT(refused, 20U);
}

TEST_F(Evaluations, FollowAWithdrawalAtOnce) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  Api gateway(*shop_, "api-gateway");
  make_person(ingest, "evaluated@example.com");
  const auto choose = [&](const std::string& state) {
    EXPECT_EQ(web.post("/v1/consents", consent_of(email("evaluated@example.com"),
                                                  {"personalisation", state, {}, {}}))
                  .status,
              201);
  };
  choose("given");
  const std::string who = pseudonym_of(web, "evaluated@example.com", "personalisation");
  const std::string body = evaluation("web-shop", who, "personalisation", R"(["first_name"])");
  EXPECT_TRUE(decision(gateway.post(kEvaluation, body)));
  choose("withdrawn");
  const ApiAnswer after = gateway.post(kEvaluation, body);
  EXPECT_FALSE(decision(after)) << after.text;
  EXPECT_EQ(code(after.body), "consent-withdrawn");
  EXPECT_EQ(after.object().at("context").at("because").as_string(), "GDPR 7(3)");
  const json::object record = record_of(gateway.receipts().back());
  EXPECT_EQ(record.at("type").as_string(), "search");
  EXPECT_EQ(record.at("door").as_string(), "evaluation");
  EXPECT_EQ(record.at("app").as_string(), "api-gateway");
  EXPECT_EQ(record.at("about_app").as_string(), "web-shop");
  EXPECT_TRUE(record.contains("subject_tag"));
  expect_proven(shop_->log(), gateway.receipts());
}

TEST_F(Evaluations, AreForTheAppItselfUnlessItHasTheRole) {
  Api web(*shop_, "web-shop");
  Api crm(*shop_, "crm");
  Api gateway(*shop_, "api-gateway");
  Api officer(*shop_, "dpo");
  const std::string ada = pseudonym_of(web, "ada@example.com", "personalisation");
  const std::string about_shop = evaluation("web-shop", ada, "personalisation");
  for (Api* other : {&crm, &officer}) {
    for (const std::string& body : {about_shop, evaluation("nobody", ada, "personalisation")}) {
      const ApiAnswer refused = other->post(kEvaluation, body);
      EXPECT_EQ(refused.status, 403) << refused.text;
      EXPECT_EQ(refused.problem(), "forbidden");
      EXPECT_FALSE(refused.recorded());
    }
    // The officer's key is no app, not even one of its own name.
    EXPECT_EQ(officer.post(kEvaluation, evaluation("dpo", ada, "personalisation")).status, 403);
  }
  EXPECT_TRUE(decision(web.post(kEvaluation, about_shop)));
  EXPECT_TRUE(decision(gateway.post(kEvaluation, about_shop)));
  const ApiAnswer nobody = gateway.post(kEvaluation, evaluation("nobody", ada, "personalisation"));
  EXPECT_EQ(code(nobody.body), "purpose-not-granted");
  // The role decides and reads nothing.
  const ApiAnswer read = gateway.read(read_of(email("ada@example.com"), "personalisation"));
  EXPECT_EQ(read.status, 403);
  EXPECT_EQ(read.code(), "purpose-not-granted");
  // A pseudonym of another app or purpose is nobody.
  EXPECT_EQ(code(gateway.post(kEvaluation, evaluation("crm", ada, "newsletter")).body),
            "no-such-person");
  EXPECT_EQ(code(web.post(kEvaluation, evaluation("web-shop", ada, "newsletter")).body),
            "no-such-person");
}

TEST_F(Evaluations, DenyWhatThePolicyDoesNotSpeakOf) {
  Api web(*shop_, "web-shop");
  const std::string ada = pseudonym_of(web, "ada@example.com", "personalisation");
  const std::string good = evaluation("web-shop", ada, "personalisation");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string body = good;
    const std::size_t at = body.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return body.replace(at, from.size(), to);
  };
  const struct {
    std::string body;
    const char* code;
  } denied[] = {
      {with(R"("name":"read")", R"("name":"write")"), "cannot-decide"},
      {with(R"("type":"app")", R"("type":"user")"), "cannot-decide"},
      {with(R"("type":"profile")", R"("type":"person")"), "cannot-decide"},
      {with(R"("purpose":"personalisation")", R"("purpose":"astrology")"), "unknown-purpose"},
      {with(R"("purpose":"personalisation")", R"("reason":"none")"), "unknown-purpose"},
      {with(R"(,"context":{"purpose":"personalisation"})", ""), "unknown-purpose"},
      {with(R"("purpose":"personalisation")", R"("purpose":"accounting")"), "purpose-not-granted"},
      {with(R"("purpose":"personalisation")",
            R"("purpose":"personalisation","fields":["shoe_size"])"),
       "unknown-field"},
  };
  for (const auto& each : denied) {
    const ApiAnswer answer = web.post(kEvaluation, each.body);
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_FALSE(decision(answer));
    EXPECT_EQ(code(answer.body), each.code) << each.body;
    EXPECT_EQ(answer.text.find("shoe_size"), std::string::npos);
    EXPECT_EQ(record_of(web.receipts().back()).at("decision").as_string(), "deny");
  }
  EXPECT_TRUE(web.unrecorded().empty());
  for (const std::string& body :
       {with(ada, "ada@example.com"), with(R"("purpose":"personalisation")", R"("purpose":7)"),
        with(R"("purpose":"personalisation")", R"("purpose":"personalisation","channel":1)"),
        with(R"("purpose":"personalisation")", R"("purpose":"personalisation","fields":[])"),
        with("\"context\":{", R"("context":{"fields":"first_name",)"), with("psn1_", "psn9_")}) {
    const ApiAnswer answer = web.post(kEvaluation, body);
    EXPECT_EQ(answer.status, 400) << body << answer.text;
    EXPECT_FALSE(answer.recorded());
  }
  std::string twice =
      evaluation("web-shop", ada, "personalisation", R"(["city"])", R"(,"fields":["city"])");
  EXPECT_EQ(web.post(kEvaluation, twice).status, 400);
  expect_proven(shop_->log(), web.receipts(), web.unrecorded());
}

TEST_F(Evaluations, NarrowByTheMoment) {
  Api mobile(*shop_, "mobile-app");
  const ApiAnswer read = mobile.read(
      read_of(email("ada@example.com"), "store-offers", {}, R"({"event":"store-entry"})"));
  ASSERT_EQ(read.status, 200) << read.text;
  const std::string ada = read.word("subject");
  EXPECT_TRUE(decision(mobile.post(
      kEvaluation, evaluation("mobile-app", ada, "store-offers", {},
                              R"(,"event":"store-entry","time":"2026-11-02T03:00Z","ip":"x")"))));
  const ApiAnswer outside = mobile.post(kEvaluation, evaluation("mobile-app", ada, "store-offers"));
  EXPECT_FALSE(decision(outside));
  EXPECT_EQ(code(outside.body), "outside-moment");
}

TEST_F(Evaluations, OfAListAreRecordedOneByOneAsFarAsTheyWereAsked) {
  Api web(*shop_, "web-shop");
  const std::string ada = pseudonym_of(web, "ada@example.com", "personalisation");
  const std::size_t before = web.receipts().size();
  const std::string common =
      R"({"subject":{"type":"app","id":"web-shop"},"action":{"name":"read"},)"
      R"("resource":{"type":"profile","id":")" +
      ada + R"("},"context":{"purpose":"personalisation"},"evaluations":[)";
  const std::string list = common + R"({},{"resource":"x"},{"context":{"purpose":"newsletter"}},)"
                                    R"({"subject":{"type":"app","id":"crm"}},{}])";
  const ApiAnswer all = web.post(kEvaluations, list + '}');
  ASSERT_EQ(all.status, 200) << all.text;
  const json::array& told = all.object().at("evaluations").as_array();
  ASSERT_EQ(told.size(), 5U);
  EXPECT_TRUE(told[0].at("decision").as_bool());
  EXPECT_EQ(told[1].at("context").at("error").at("status").to_number<int>(), 400);
  EXPECT_EQ(code(told[2]), "no-such-person");
  EXPECT_EQ(told[3].at("context").at("error").at("status").to_number<int>(), 403);
  EXPECT_TRUE(told[4].at("decision").as_bool());
  EXPECT_EQ(std::string(told[4].at("context").at("record").as_string()), all.request_id + ".4");
  EXPECT_EQ(web.receipts().size() - before, 3U);

  const ApiAnswer first = web.post(
      kEvaluations, list + R"(,"options":{"evaluations_semantic":"permit_on_first_permit"}})");
  EXPECT_EQ(first.object().at("evaluations").as_array().size(), 1U);
  const ApiAnswer until =
      web.post(kEvaluations, list + R"(,"options":{"evaluations_semantic":"deny_on_first_deny"}})");
  EXPECT_EQ(until.object().at("evaluations").as_array().size(), 2U);
  EXPECT_EQ(web.receipts().size() - before, 5U);
  expect_proven(shop_->log(), web.receipts());

  std::string most = common;
  for (int i = 0; i < 100; ++i) {
    most += i == 0 ? "{}" : ",{}";
  }
  const ApiAnswer hundred = web.post(kEvaluations, most + "]}");
  ASSERT_EQ(hundred.status, 200);
  EXPECT_EQ(hundred.object().at("evaluations").as_array().size(), 100U);
  EXPECT_EQ(web.receipts().size() - before, 105U);
  EXPECT_EQ(web.post(kEvaluations, most + ",{}]}").status, 400);
  expect_proven(shop_->log(), web.receipts());
}

TEST_F(Evaluations, EchoAnIdThatIsNotStored) {
  const std::string mine = "pep-6c1f-not-to-be-kept";
  Api web(*shop_, "web-shop");
  const std::string ada = pseudonym_of(web, "ada@example.com", "personalisation");
  const auto answer =
      web.client().request("POST", kEvaluation,
                           {"Authorization: Bearer " + shop_->key("web-shop"),
                            "Content-Type: application/json", "X-Request-ID: " + mine},
                           evaluation("web-shop", ada, "personalisation"));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->header("x-request-id"), mine);
  const json::value context = json::parse(answer->body).at("context");
  const json::value record = json::parse(
      stored_records(shop_->log()).at(context.at("audit").at("index").to_number<std::size_t>()));
  EXPECT_EQ(record.at("id"), context.at("record"));
  EXPECT_EQ(record.at("request_id"), context.at("record"));
  for (const std::string& line : stored_records(shop_->log())) {
    EXPECT_EQ(line.find(mine), std::string::npos);
  }
  // Nowhere else is it taken over.
  const auto read = web.client().request(
      "POST", "/v1/profiles/read",
      {"Authorization: Bearer " + shop_->key("web-shop"), "X-Request-ID: " + mine},
      read_of(email("ada@example.com"), "personalisation"));
  ASSERT_TRUE(read.has_value());
  EXPECT_NE(read->header("x-request-id"), mine);
}

TEST_F(Evaluations, NeedAKey) {
  HttpClient client(shop_->port());
  for (const char* path : {kEvaluation, kEvaluations}) {
    const auto answer =
        client.request("POST", path, {"Content-Type: application/json", "X-Request-ID: 12"}, "{}");
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 401);
    EXPECT_EQ(answer->header("www-authenticate"), "Bearer");
    EXPECT_EQ(answer->header("x-request-id"), "12");
  }
}

TEST(AuthzenConfiguration, NamesTheBaseUrlOfTheSettingsAndNoOther) {
  Bookshop shop;
  ASSERT_TRUE(shop.start_demo());
  const char* const path = "/.well-known/authzen-configuration";
  {
    // The demo's port was free to choose, so that it has no base URL.
    Api nobody(shop.port(), "");
    const ApiAnswer none = nobody.get(path);
    EXPECT_EQ(none.status, 404);
    EXPECT_NE(none.word("detail").find("base_url"), std::string::npos) << none.text;
  }
  EXPECT_EQ(shop.stop(), 0);
  ASSERT_TRUE(shop.start_serve("base_url: https://pdp.example.com:8443\n"));
  for (const char* host : {"127.0.0.1", "evil.example", "pdp.example.com"}) {
    HttpClient client(shop.port());
    ASSERT_TRUE(client.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: " + host +
                            "\r\nX-Forwarded-Host: evil.example\r\n\r\n"));
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->header("content-type"), "application/json");
    EXPECT_EQ(
        answer->body,
        R"({"policy_decision_point":"https://pdp.example.com:8443",)"
        R"("access_evaluation_endpoint":"https://pdp.example.com:8443/access/v1/evaluation",)"
        R"("access_evaluations_endpoint":"https://pdp.example.com:8443/access/v1/evaluations"})");
  }
  EXPECT_EQ(shop.stop(), 0);
}

}  // namespace
}  // namespace fieldgate::test
