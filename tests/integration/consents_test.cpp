// Acts of consent, objection and restriction: obeyed at once, kept in order of arrival.
#include "tests/integration/support/shop_test.h"

#include <boost/json/serialize.hpp>

namespace fieldgate::test {
namespace {

class Consents : public ShopTest {
 protected:
  // A person who consented to personalisation at the lowest level.
  static std::string person(Api& ingest, Api& web, const std::string& name) {
    const std::string address = name + "@consents.example";
    make_person(ingest, address);
    EXPECT_EQ(web.post("/v1/consents", consent_of(email(address), {"personalisation"})).status,
              201);
    return address;
  }
};

TEST_F(Consents, AWithdrawalIsObeyedByTheNextRead) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  Api mobile(*shop_, "mobile-app");
  const std::string who = email(person(ingest, web, "withdraws"));
  EXPECT_EQ(web.read(read_of(who, "personalisation")).status, 200);
  EXPECT_EQ(mobile.read(read_of(who, "personalisation")).status, 200);
  const ApiAnswer act = web.post("/v1/consents", consent_of(who, {"personalisation", "withdrawn"}));
  ASSERT_EQ(act.status, 201) << act.text;
  EXPECT_EQ(act.word("id").substr(0, 4), "cns_");
  EXPECT_EQ(act.word("state"), "withdrawn");
  EXPECT_TRUE(act.object().at("in_force").as_bool());
  EXPECT_TRUE(act.recorded());
  for (Api* app : {&web, &mobile}) {
    const ApiAnswer refused = app->read(read_of(who, "personalisation"));
    EXPECT_EQ(refused.status, 403) << refused.text;
    EXPECT_EQ(refused.code(), "consent-withdrawn");
  }
  EXPECT_EQ(web.post("/v1/consents", consent_of(who, {"personalisation"})).status, 201);
  EXPECT_EQ(mobile.read(read_of(who, "personalisation")).status, 200);
  EXPECT_EQ(web.post("/v1/consents", consent_of(who, {"personalisation", "refused"})).status, 201);
  EXPECT_EQ(mobile.read(read_of(who, "personalisation")).code(), "consent-refused");
  expect_proven(shop_->log(), web.receipts());
  expect_proven(shop_->log(), mobile.receipts());
}

TEST_F(Consents, AGivenThatWasCollectedBeforeTheWithdrawalPermitsNothing) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  const std::string who = email(person(ingest, web, "late"));
  ASSERT_EQ(web.post("/v1/consents", consent_of(who, {"personalisation", "withdrawn"})).status,
            201);
  const ApiAnswer late =
      web.post("/v1/consents", consent_of(who, {"personalisation", "given", time_from_now(-3600)}));
  ASSERT_EQ(late.status, 201) << late.text;
  EXPECT_FALSE(late.object().at("in_force").as_bool());
  EXPECT_EQ(web.read(read_of(who, "personalisation")).code(), "consent-withdrawn");
  // Any other act that is collected earlier counts: arrival decides.
  ASSERT_EQ(web.post("/v1/consents", consent_of(who, {"personalisation"})).status, 201);
  ASSERT_EQ(web.post("/v1/consents",
                     consent_of(who, {"personalisation", "withdrawn", time_from_now(-86400)}))
                .status,
            201);
  EXPECT_EQ(web.read(read_of(who, "personalisation")).code(), "consent-withdrawn");
}

TEST_F(Consents, ATimeTooFarAheadIsRefused) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  const std::string who = email(person(ingest, web, "ahead"));
  EXPECT_EQ(
      web.post("/v1/consents", consent_of(who, {"newsletter", "given", time_from_now(4 * 60 + 30)}))
          .status,
      201);
  const ApiAnswer far = web.post(
      "/v1/consents", consent_of(who, {"newsletter", "given", time_from_now(5 * 60 + 30)}));
  EXPECT_EQ(far.status, 400);
  EXPECT_FALSE(far.recorded());
  std::string objection = right_of(who, "newsletter", "raised");
  const std::size_t at = objection.find("collected_at\":\"") + 15;
  objection.replace(at, objection.rfind('"') - at, time_from_now(5 * 60 + 30));
  EXPECT_EQ(web.post("/v1/objections", objection).status, 400) << objection;
}

TEST_F(Consents, HealthDataNeedAnExplicitStatement) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  const std::string address = person(ingest, web, "health");
  const ApiAnswer plain = web.post("/v1/consents", consent_of(email(address), {"health-tips"}));
  EXPECT_EQ(plain.status, 400) << plain.text;
  EXPECT_EQ(web.post("/v1/consents", consent_of(email(address), {"health-tips", "given", "",
                                                                 ",\"explicit\":false"}))
                .status,
            400);
  EXPECT_EQ(web.read(read_of(email(address), "health-tips")).code(), "no-consent");
  EXPECT_EQ(web.post("/v1/consents",
                     consent_of(email(address), {"health-tips", "given", "", ",\"explicit\":true"}))
                .status,
            201);
  const ApiAnswer read = web.read(read_of(email(address), "health-tips"));
  EXPECT_EQ(read.status, 200) << read.text;
  EXPECT_EQ(read.withheld("health_interests"), "no-value");
  // Taking it back needs no more than saying so.
  EXPECT_EQ(
      web.post("/v1/consents", consent_of(email(address), {"health-tips", "withdrawn"})).status,
      201);
  EXPECT_EQ(web.read(read_of(email(address), "health-tips")).code(), "consent-withdrawn");
}

TEST_F(Consents, AGuardianConsentsForAChild) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  const std::string who = email("child@consents.example");
  make_person(ingest, "child@consents.example", "2017-02-03");
  EXPECT_EQ(web.read(read_of(who, "newsletter")).code(), "guardian-needed");
  ASSERT_EQ(web.post("/v1/consents", consent_of(who, {"newsletter"})).status, 201);
  EXPECT_EQ(web.read(read_of(who, "newsletter")).code(), "guardian-needed");
  ASSERT_EQ(
      web.post("/v1/consents", consent_of(who, {"newsletter", "given", "", ",\"guardian\":true"}))
          .status,
      201);
  EXPECT_EQ(web.read(read_of(who, "newsletter")).status, 200);
  ASSERT_EQ(web.post("/v1/consents",
                     consent_of(who, {"newsletter", "withdrawn", "", ",\"guardian\":true"}))
                .status,
            201);
  EXPECT_EQ(web.read(read_of(who, "newsletter")).status, 403);
}

TEST_F(Consents, AnObjectionStopsThePurposeAndMarketingAltogether) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  const std::string who = email(person(ingest, web, "objects"));
  ASSERT_EQ(web.post("/v1/consents", consent_of(who, {"newsletter"})).status, 201);
  ASSERT_EQ(web.read(read_of(who, "newsletter")).status, 200);
  ASSERT_EQ(web.post("/v1/consents", consent_of(who, {"partner-audience"})).status, 201);
  const ApiAnswer raised = web.post("/v1/objections", right_of(who, "newsletter", "raised"));
  ASSERT_EQ(raised.status, 201) << raised.text;
  EXPECT_EQ(raised.word("id").substr(0, 4), "obj_");
  EXPECT_EQ(raised.word("state"), "raised");
  EXPECT_EQ(web.read(read_of(who, "newsletter")).code(), "objected");
  EXPECT_EQ(web.read(read_of(who, "partner-audience")).status, 200) << "it names one purpose";
  ASSERT_EQ(web.post("/v1/objections", right_of(who, "newsletter", "withdrawn")).status, 201);
  EXPECT_EQ(web.read(read_of(who, "newsletter")).status, 200);
  // What rests on consent and is no direct marketing is ended by a withdrawal (GDPR 21(1)).
  ASSERT_EQ(web.post("/v1/objections", right_of(who, "personalisation", "raised")).status, 201);
  EXPECT_EQ(web.read(read_of(who, "personalisation")).status, 200);

  ASSERT_EQ(web.post("/v1/objections", right_of(who, "direct-marketing", "raised")).status, 201);
  EXPECT_EQ(web.read(read_of(who, "newsletter")).code(), "objected");
  EXPECT_EQ(web.read(read_of(who, "partner-audience")).code(), "objected");
  EXPECT_EQ(web.read(read_of(who, "personalisation")).status, 200) << "no direct marketing";
  ASSERT_EQ(web.post("/v1/objections", right_of(who, "direct-marketing", "withdrawn")).status, 201);
  EXPECT_EQ(web.read(read_of(who, "newsletter")).status, 200);
  const ApiAnswer foreign = web.post("/v1/objections", right_of(who, "accounting", "raised"));
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(foreign.code(), "purpose-not-granted");
  EXPECT_EQ(web.post("/v1/objections", right_of(who, "astrology", "raised")).code(),
            "unknown-purpose");
  expect_proven(shop_->log(), web.receipts());
}

TEST_F(Consents, ARestrictionStopsEveryPurposeUntilItIsLifted) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  Api desk(*shop_, "support-desk");
  const std::string who = email(person(ingest, web, "restricts"));
  const ApiAnswer raised = web.post("/v1/restrictions", right_of(who, "", "raised"));
  ASSERT_EQ(raised.status, 201) << raised.text;
  EXPECT_EQ(raised.word("id").substr(0, 4), "rst_");
  EXPECT_EQ(web.read(read_of(who, "personalisation")).code(), "restricted");
  EXPECT_EQ(desk.read(read_of(who, "order-fulfilment")).code(), "restricted");
  ASSERT_EQ(web.post("/v1/restrictions", right_of(who, "", "withdrawn")).status, 201);
  EXPECT_EQ(web.read(read_of(who, "personalisation")).status, 200);
  EXPECT_EQ(desk.read(read_of(who, "order-fulfilment")).status, 200);
  expect_proven(shop_->log(), web.receipts());
}

TEST_F(Consents, TheLedgerShowsEveryActOldestFirst) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  Api mobile(*shop_, "mobile-app");
  const std::string who = email(person(ingest, web, "ledger"));
  std::vector<std::string> ids;
  for (const auto& act :
       std::vector<ConsentAct>{{"personalisation", "withdrawn"},
                               {"personalisation", "given", time_from_now(-7200)},
                               {"personalisation", "given", "", R"(,"level":"full")"}}) {
    const ApiAnswer answer = mobile.post("/v1/consents", consent_of(who, act));
    ASSERT_EQ(answer.status, 201) << answer.text;
    ids.emplace_back(answer.word("id"));
  }
  const ApiAnswer read = web.read(read_of(who, "personalisation"));
  ASSERT_EQ(read.status, 200);
  const std::string subject(read.word("subject"));
  const ApiAnswer ledger = web.get("/v1/consents?purpose=personalisation&subject=" + subject);
  ASSERT_EQ(ledger.status, 200) << ledger.text;
  EXPECT_TRUE(ledger.recorded());
  const json::array& consents = ledger.object().at("consents").as_array();
  ASSERT_EQ(consents.size(), 4U) << ledger.text;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(consents[i + 1].at("id").as_string(), ids[i]);
    EXPECT_EQ(consents[i + 1].at("app").as_string(), "mobile-app");
    EXPECT_EQ(consents[i + 1].at("method").as_string(), "toggle");
  }
  EXPECT_EQ(consents[0].at("app").as_string(), "web-shop");
  EXPECT_EQ(consents[0].at("state").as_string(), "given");
  EXPECT_EQ(consents[1].at("state").as_string(), "withdrawn");
  EXPECT_FALSE(consents[2].at("in_force").as_bool());
  EXPECT_TRUE(consents[3].at("in_force").as_bool());
  EXPECT_EQ(consents[3].at("level").as_string(), "full");
  // The text that was shown, by its digest.
  const std::string text =
      FIELDGATE_SOURCE_DIR "/docs/examples/bookshop/policy/notices/personalisation.v1.en.md";
  const std::string digest = run_to_end({"sha256sum", text}, {}).out.substr(0, 64);
  EXPECT_EQ(json::serialize(consents[3].at("notice")),
            R"({"version":"v1","language":"en","sha256":")" + digest + "\"}");

  const ApiAnswer foreign = mobile.get("/v1/consents?purpose=personalisation&subject=" + subject);
  EXPECT_EQ(foreign.status, 404);
  EXPECT_EQ(foreign.code(), "no-such-person");
  for (const char* target :
       {"/v1/consents", "/v1/consents?purpose=personalisation", "/v1/consents?subject=psn1_x",
        "/v1/consents?purpose=personalisation&subject=psn1_x"}) {
    EXPECT_EQ(web.get(target).status, 400) << target;
  }
  EXPECT_EQ(web.get("/v1/consents?purpose=accounting&subject=" + subject).code(),
            "purpose-not-granted");
  expect_proven(shop_->log(), web.receipts(), web.unrecorded());
  expect_proven(shop_->log(), mobile.receipts(), mobile.unrecorded());
}

TEST_F(Consents, TheLedgerComesInPages) {
  constexpr std::size_t kDefault = 100;
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  const std::string who = email(person(ingest, web, "pages"));
  const std::string subject = web.read(read_of(who, "personalisation")).word("subject");
  const std::string list = "/v1/consents?purpose=personalisation&subject=" + subject;
  std::vector<std::string> ids;
  const auto add = [&] {
    const ApiAnswer act = web.post("/v1/consents", consent_of(who, {"personalisation"}));
    ASSERT_EQ(act.status, 201) << act.text;
    ids.push_back(act.word("id"));
  };
  const auto ids_of = [](const ApiAnswer& page) {
    std::vector<std::string> out;
    for (const json::value& record : page.object().at("consents").as_array()) {
      out.emplace_back(record.at("id").as_string());
    }
    return out;
  };
  while (ids.size() + 1 < kDefault) {
    add();
  }
  const ApiAnswer whole = web.get(list);
  ASSERT_EQ(whole.status, 200) << whole.text;
  EXPECT_EQ(ids_of(whole).size(), kDefault);
  EXPECT_FALSE(whole.object().contains("next")) << "there is no more";
  add();
  const ApiAnswer first = web.get(list);
  EXPECT_EQ(ids_of(first), ids_of(whole));
  const std::string next = first.word("next");
  ASSERT_FALSE(next.empty()) << first.text;
  const ApiAnswer last = web.get(list + "&after=" + next);
  EXPECT_EQ(ids_of(last), std::vector<std::string>{ids.back()}) << last.text;
  EXPECT_FALSE(last.object().contains("next"));
  EXPECT_TRUE(last.recorded());
  EXPECT_EQ(ids_of(web.get(list + "&limit=1000")).size(), kDefault + 1);

  std::vector<std::string> seen;
  std::string after;
  do {
    const ApiAnswer page = web.get(list + "&limit=40" + after);
    ASSERT_EQ(page.status, 200) << page.text;
    const auto some = ids_of(page);
    EXPECT_LE(some.size(), 40U);
    seen.insert(seen.end(), some.begin(), some.end());
    after = page.word("next").empty() ? "" : "&after=" + page.word("next");
  } while (!after.empty());
  EXPECT_EQ(std::vector<std::string>(seen.begin() + 1, seen.end()), ids);

  // A place in another list is none in this one.
  const ApiAnswer other = web.post("/v1/consents", consent_of(who, {"newsletter"}));
  for (const std::string& bad :
       {std::string("&limit=0"), std::string("&limit=1001"), std::string("&limit=x"),
        std::string("&limit="), std::string("&after="), std::string("&after=cns_none"),
        "&after=" + other.word("id"), std::string("&page=2")}) {
    const ApiAnswer refused = web.get(list + bad);
    EXPECT_EQ(refused.status, 400) << bad << refused.text;
    EXPECT_FALSE(refused.recorded());
  }
  expect_proven(shop_->log(), web.receipts(), web.unrecorded());
}

TEST_F(Consents, OnlyAppsWithTheRoleActForPeople) {
  Api desk(*shop_, "support-desk");
  const std::string who = email("ada@example.com");
  for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/consents", consent_of(who, {"order-fulfilment", "withdrawn"})},
           {"/v1/objections", right_of(who, "order-fulfilment", "raised")},
           {"/v1/restrictions", right_of(who, "", "raised")}}) {
    const ApiAnswer answer = desk.post(path, body);
    EXPECT_EQ(answer.status, 403) << path;
    EXPECT_EQ(answer.problem(), "forbidden") << path;
    EXPECT_FALSE(answer.recorded()) << path;
  }
  Api ingest(*shop_, "ingest");
  EXPECT_EQ(ingest.post("/v1/consents", consent_of(who, {"newsletter"})).code(),
            "purpose-not-granted");
}

TEST_F(Consents, ActsThatAreNotWellFormedAreRefusedAndChangeNothing) {
  Api ingest(*shop_, "ingest");
  Api web(*shop_, "web-shop");
  const std::string who = email(person(ingest, web, "malformed"));
  const std::string good = consent_of(who, {"newsletter"});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string body = good;
    const std::size_t at = body.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return body.replace(at, from.size(), to);
  };
  const std::string time = "\"collected_at\":\"";
  for (const std::string& body :
       {with("\"given\"", "\"expired\""), with("\"given\"", "\"Given\""),
        with("\"toggle\"", "\"scrolling\""), with("\"v1\"", "\"v2\""), with("\"en\"", "\"fr\""),
        with("\"version\":\"v1\",", ""), with(time, "\"collected\":\""),
        with(time, "\"collected_at\":\"x"), with("\"method\":\"toggle\"", "\"method\":7"),
        with("{\"identifier\"", "{\"subject\":\"psn1_x\",\"identifier\""),
        with("{\"identifier\"", "{\"level\":\"full\",\"identifier\""),
        with("{\"identifier\"", "{\"explicit\":\"yes\",\"identifier\""),
        with("\"newsletter\"", "\"order-fulfilment\""), with(who + ",", "")}) {
    const ApiAnswer answer = web.post("/v1/consents", body);
    EXPECT_EQ(answer.status, 400) << body << '\n' << answer.text;
    EXPECT_FALSE(answer.recorded());
  }
  EXPECT_EQ(web.read(read_of(who, "newsletter")).code(), "no-consent");
  EXPECT_EQ(web.post("/v1/objections", right_of(who, "newsletter", "open")).status, 400);
  EXPECT_EQ(web.post("/v1/restrictions", right_of(who, "newsletter", "raised")).status, 400)
      << "a restriction has no purpose";
  const ApiAnswer nobody =
      web.post("/v1/consents", consent_of(email("nobody@example.com"), {"newsletter"}));
  EXPECT_EQ(nobody.status, 404);
  EXPECT_EQ(nobody.code(), "no-such-person");
  EXPECT_EQ(
      web.post("/v1/restrictions", right_of(email("nobody@example.com"), "", "raised")).code(),
      "no-such-person");
  expect_proven(shop_->log(), web.receipts(), web.unrecorded());
}

}  // namespace
}  // namespace fieldgate::test
