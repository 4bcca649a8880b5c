// Bad input at every door gets a clear answer, and nothing is lost or recorded that should not be.
#include "tests/integration/support/shop_test.h"
#include "tests/integration/support/stored_log.h"

#include <boost/json/parse.hpp>

#include <chrono>

namespace fieldgate::test {
namespace {

constexpr std::size_t kBodyLimit = 1024 * 1024;

class BadInput : public ShopTest {
 protected:
  static std::vector<std::string> bearer(const std::string& key) {
    return {"Authorization: Bearer " + key};
  }
};

TEST_F(BadInput, MalformedBodiesAre400AndNotRecorded) {
  const std::string good = read_of(email("ada@example.com"), "personalisation", {"first_name"});
  const std::string rest = good.substr(1);
  const std::vector<std::pair<const char*, std::string>> table = {
      {"empty", ""},
      {"cut off", good.substr(0, good.size() - 1)},
      {"more after the end", good + "}"},
      {"two texts", good + good},
      {"byte order mark", "\xEF\xBB\xBF" + good},
      {"no object", "[" + good + "]"},
      {"a string", "\"read\""},
      {"single quotes", "{'purpose':'personalisation'}"},
      {"a comment", "/* read */" + good},
      {"comma too many", good.substr(0, good.size() - 1) + ",}"},
      {"duplicate purpose", R"({"purpose":"newsletter",)" + rest},
      {"duplicate by escape", R"({"purpos\u0065":"newsletter",)" + rest},
      {"duplicate inside", R"({"context":{"event":"a","event":"b"},)" + rest},
      {"unknown member", R"({"user":"x",)" + rest},
      {"unknown member of context", R"({"context":{"page":"x"},)" + rest},
      {"unknown member of identifier",
       R"({"identifier":{"type":"email","value":"a@b.example","x":1},"purpose":"newsletter"})"},
      {"subject and identifier", R"({"subject":"psn1_x",)" + rest},
      {"neither", R"({"purpose":"personalisation"})"},
      {"no purpose", "{" + email("ada@example.com") + "}"},
      {"purpose a number", "{" + email("ada@example.com") + R"(,"purpose":7})"},
      {"purpose empty", read_of(email("ada@example.com"), "")},
      {"purpose null", "{" + email("ada@example.com") + R"(,"purpose":null})"},
      {"fields a string",
       "{" + email("ada@example.com") + R"(,"purpose":"newsletter","fields":"email"})"},
      {"fields empty", "{" + email("ada@example.com") + R"(,"purpose":"newsletter","fields":[]})"},
      {"fields of numbers",
       "{" + email("ada@example.com") + R"(,"purpose":"newsletter","fields":[1]})"},
      {"context a list", R"({"context":[],)" + rest},
      {"context of numbers", R"({"context":{"event":1},)" + rest},
      {"identifier a string", R"({"identifier":"ada@example.com","purpose":"newsletter"})"},
      {"identifier without value", R"({"identifier":{"type":"email"},"purpose":"newsletter"})"},
      {"identifier type unknown",
       R"({"identifier":{"type":"cookie","value":"x"},"purpose":"newsletter"})"},
      {"identifier value a number",
       R"({"identifier":{"type":"account_id","value":7},"purpose":"newsletter"})"},
      {"email without @", read_of(email("ada"), "personalisation")},
      {"email too long", read_of(email(std::string(312, 'a') + "@b.example"), "personalisation")},
      {"phone unparseable", read_of(phone("call me"), "order-fulfilment")},
      {"phone too short", read_of(phone("+44 1"), "order-fulfilment")},
      {"account id empty", read_of(account(""), "order-fulfilment")},
      {"account id too long", read_of(account(std::string(129, 'x')), "order-fulfilment")},
      {"invalid UTF-8", "{\"purpose\":\"newsletter\xFF\"," + rest},
      {"invalid UTF-8 in a value", read_of(R"("identifier":{"type":"account_id","value":")"
                                           "\xC3\x28\"}",
                                           "personalisation")},
      {"overlong UTF-8", read_of(R"("identifier":{"type":"account_id","value":")"
                                 "\xC0\xAF\"}",
                                 "personalisation")},
      {"lone surrogate",
       read_of(R"("identifier":{"type":"account_id","value":"\ud800"})", "personalisation")},
      {"NUL by escape",
       read_of(R"("identifier":{"type":"account_id","value":"BK\u0000-1"})", "personalisation")},
      {"NUL raw", read_of(std::string(R"("identifier":{"type":"account_id","value":"BK)") +
                              std::string(1, '\0') + "-1\"}",
                          "personalisation")},
      {"NUL in a name", R"({"purpose\u0000":"newsletter",)" + rest},
      {"control character",
       read_of("\"identifier\":{\"type\":\"email\",\"value\":\"a\tb\"}", "personalisation")},
      {"number out of range", R"({"context":{"event":1e999},)" + rest},
      {"depth", std::string(33, '[') + std::string(33, ']')},
      {"depth of 100,000", std::string(100'000, '[')},
  };
  Api web(*shop_, "web-shop");
  const std::size_t before = stored_records(shop_->log()).size();
  for (const auto& [name, body] : table) {
    SCOPED_TRACE(name);
    const ApiAnswer answer = web.read(body);
    EXPECT_EQ(answer.status, 400) << answer.text;
    EXPECT_FALSE(answer.recorded());
    EXPECT_FALSE(answer.object().contains("fields"));
  }
  EXPECT_EQ(stored_records(shop_->log()).size(), before);
  EXPECT_EQ(web.read(good).status, 200) << "the same connection goes on";
  std::string names;
  for (int i = 0; i < 513; ++i) {
    names += names.empty() ? "\"email\"" : ",\"email\"";
  }
  EXPECT_EQ(web.read("{" + email("ada@example.com") + R"(,"purpose":"newsletter","fields":[)" +
                     names + "]}")
                .status,
            400);
  EXPECT_EQ(web.read("{" + email("ada@example.com") + R"(,"purpose":"newsletter","fields":[)" +
                     names.substr(8) + "]}")
                .status,
            200)
      << "512 is the limit";
  std::printf("malformed bodies: %zu\n", table.size());
}

TEST_F(BadInput, ABodyOfTheLimitIsReadAndOneByteMoreIs413) {
  const std::string good = read_of(email("ada@example.com"), "personalisation", {"first_name"});
  Api web(*shop_, "web-shop");
  const std::string full = good + std::string(kBodyLimit - good.size(), ' ');
  const ApiAnswer read = web.read(full);
  EXPECT_EQ(read.status, 200) << read.text;
  EXPECT_EQ(read.field("first_name"), R"("Ada")");
  const std::size_t before = stored_records(shop_->log()).size();
  const ApiAnswer more = web.read(full + " ");
  EXPECT_EQ(more.status, 413) << more.text;
  EXPECT_EQ(more.problem(), "too-large");
  EXPECT_EQ(stored_records(shop_->log()).size(), before);
  EXPECT_EQ(web.read(good).status, 200);
}

TEST_F(BadInput, CredentialsAreRefusedWithoutSayingWhy) {
  const std::string body = read_of(email("ada@example.com"), "personalisation");
  const std::string good = shop_->key("web-shop");
  const std::string other = shop_->key("crm");
  std::string wrong = good;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  Api plain(shop_->port(), "");
  const std::size_t before = stored_records(shop_->log()).size();
  std::string first_text;
  for (const std::vector<std::string>& headers : std::vector<std::vector<std::string>>{
           {},
           {"Authorization: Bearer"},
           {"Authorization: Bearer "},
           {"Authorization: Bearer x"},
           {"Authorization: Basic " + good},
           {"Authorization: " + good},
           {"Authorization: Bearer " + wrong},
           {"Authorization: Bearer " + good + "A"},
           {"Authorization: Bearer " + good.substr(0, good.size() - 1)},
           {"Authorization: Bearer " + good.substr(0, 13) + other.substr(13)},
           {"Authorization: Bearer fgk_aaaaaaaa_" + good.substr(13)},
           {"X-Api-Key: " + good}}) {
    const ApiAnswer answer = plain.ask("POST", "/v1/profiles/read", headers, body);
    EXPECT_EQ(answer.status, 401) << (headers.empty() ? "none" : headers[0]) << answer.text;
    EXPECT_EQ(answer.problem(), "unauthenticated");
    const std::string text(answer.word("detail"));
    first_text = first_text.empty() ? text : first_text;
    EXPECT_EQ(text, first_text);
    EXPECT_FALSE(answer.recorded());
  }
  EXPECT_EQ(stored_records(shop_->log()).size(), before);
  HttpClient raw(shop_->port());
  const auto refused = raw.request("POST", "/v1/profiles/read", {}, body);
  ASSERT_TRUE(refused);
  EXPECT_FALSE(refused->header("www-authenticate").empty());
  EXPECT_EQ(plain.ask("POST", "/v1/profiles/read", bearer(good), body).status, 200);
}

TEST_F(BadInput, AKeyInTheUrlIs400EvenWithAGoodHeader) {
  const std::string key = shop_->key("web-shop");
  Api plain(shop_->port(), "");
  const std::string body = read_of(email("ada@example.com"), "personalisation");
  for (const std::string& query : {"?api_key=" + key, "?access_token=" + key, "?key=" + key,
                                   "?x=" + key, "?x=1&y=" + key, "?x=%66gk_" + key.substr(4)}) {
    const ApiAnswer answer = plain.ask("POST", "/v1/profiles/read" + query, bearer(key), body);
    EXPECT_EQ(answer.status, 400) << query << answer.text;
    EXPECT_EQ(answer.problem(), "key-in-url") << query;
    EXPECT_EQ(answer.text.find(key.substr(13)), std::string::npos);
  }
}

TEST_F(BadInput, ARevokedKeyIsRefusedByTheNextRequestAndAnExpiredOneToo) {
  const std::string body = read_of(email("ada@example.com"), "personalisation");
  const Finished added = shop_->cli({"keys", "app", "add", "web-shop", "--json"});
  ASSERT_EQ(added.code, 0) << added.err;
  const json::value made = json::parse(added.out);
  Api app(shop_->port(), std::string(made.at("key").as_string()));
  EXPECT_EQ(app.read(body).status, 200);
  const std::string prefix(made.at("prefix").as_string());
  const Finished revoked = shop_->cli({"keys", "app", "revoke", prefix});
  EXPECT_EQ(revoked.code, 0) << revoked.err;
  EXPECT_EQ(app.read(body).status, 401) << "on the connection that it had open";
  EXPECT_EQ(shop_->cli({"keys", "app", "revoke", "zzzzzzzz"}).code, 1);

  const std::string soon = time_from_now(3);
  const Finished expiring =
      shop_->cli({"keys", "app", "add", "web-shop", "--expires", soon, "--json"});
  ASSERT_EQ(expiring.code, 0) << expiring.err;
  Api until(shop_->port(), std::string(json::parse(expiring.out).at("key").as_string()));
  EXPECT_EQ(until.read(body).status, 200);
  // The condition is the gateway's own clock: ask until it says no.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  int status = 200;
  while (status == 200 && std::chrono::steady_clock::now() < patience) {
    status = until.read(body).status;
  }
  EXPECT_EQ(status, 401);
  EXPECT_EQ(
      shop_->cli({"keys", "app", "add", "web-shop", "--expires", "2020-01-01T00:00:00Z"}).code, 2);
  const Finished typo = shop_->cli({"keys", "app", "add", "web-shp"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_NE(typo.err.find("did you mean `web-shop`"), std::string::npos) << typo.err;
  const Finished list = shop_->cli({"keys", "app", "list", "--json"});
  EXPECT_NE(list.out.find(prefix), std::string::npos);
  EXPECT_EQ(list.out.find(std::string(made.at("key").as_string()).substr(13)), std::string::npos);
}

TEST_F(BadInput, UnknownPathsAndMethods) {
  Api web(*shop_, "web-shop");
  EXPECT_EQ(web.get("/v1/nothing").status, 404);
  EXPECT_EQ(web.get("/v1/profiles/read").status, 405);
  EXPECT_EQ(web.get("/v1/profiles/read/").status, 404);
  EXPECT_EQ(web.post("/v1//profiles/read", "{}").status, 404);
  HttpClient raw(shop_->port());
  const auto wrong = raw.request("DELETE", "/v1/profiles", bearer(shop_->key("ingest")), {});
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->header("allow"), "PATCH");
  ASSERT_TRUE(raw.send("GARBAGE\r\n\r\n"));
  const auto garbage = raw.read_answer();
  ASSERT_TRUE(garbage);
  EXPECT_EQ(garbage->status, 400);
  EXPECT_TRUE(raw.ended());
  HttpClient smuggler(shop_->port());
  ASSERT_TRUE(
      smuggler.send("POST /v1/profiles/read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
  const auto smuggled = smuggler.read_answer();
  ASSERT_TRUE(smuggled);
  EXPECT_EQ(smuggled->status, 400);
}

TEST_F(BadInput, AClientsRequestIdIsNeverTakenOver) {
  HttpClient raw(shop_->port());
  const std::string own = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  const auto answer =
      raw.request("POST", "/v1/profiles/read",
                  {"Authorization: Bearer " + shop_->key("web-shop"), "X-Request-ID: " + own},
                  read_of(email("ada@example.com"), "personalisation"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(answer->header("x-request-id"), own);
  for (const std::string& record : stored_records(shop_->log())) {
    EXPECT_EQ(record.find(own), std::string::npos) << record;
  }
}

}  // namespace
}  // namespace fieldgate::test
