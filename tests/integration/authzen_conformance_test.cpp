// The messages of AuthZEN 1.0 over HTTP in this process: the product's handler in front of small
// engines that know the rules of the published fixtures.
#include "gateway/api/evaluations.h"
#include "gateway/auth/principal.h"
#include "gateway/server/server.h"
#include "tests/integration/support/files.h"
#include "tests/integration/support/http_client.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fieldgate::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const fs::path kStandard = FIELDGATE_SHARED_DIR "/standards/authzen";
constexpr std::string_view kBaseUrl = "https://pdp.example.com";

using Rules = std::function<bool(const api::Evaluation&)>;

/// Decides by a function and tells at once.
class TestEngine final : public api::DecisionPoint {
 public:
  explicit TestEngine(const Rules& rules) : rules_(rules) {}
  Result<bool> decide(const api::Evaluation& evaluation, std::optional<std::size_t> /*position*/,
                      Told told) override {
    const bool permitted = rules_(evaluation);
    told(std::string(permitted ? R"({"decision":true})" : R"({"decision":false})"));
    return permitted;
  }

 private:
  const Rules& rules_;
};

class AnyKey final : public http::Authenticator {
 public:
  Result<std::shared_ptr<const auth::Principal>> authenticate(const http::Request& request,
                                                              http::AuthPolicy::Kind) override {
    if (request.header("authorization") != "Bearer good") {
      return make_error(ErrorCode::kUnauthenticated, "no valid credential");
    }
    return std::make_shared<const auth::Principal>(auth::Principal{"pep", "prefix00", {}});
  }
  bool has_role(const auth::Principal&, std::string_view) override { return false; }
};

std::string text(const json::object* properties, std::string_view name) {
  const json::value* value = properties != nullptr ? properties->if_contains(name) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// The rules that the certification's fixture gives.
bool certification_rules(const api::Evaluation& asked) {
  const bool archived = text(asked.resource.properties, "status") == "archived";
  if (asked.subject.type != "user" || asked.resource.type != "record") {
    return false;
  }
  if (asked.action == "write" && archived) {
    return text(asked.subject.properties, "role") == "admin";
  }
  if (asked.resource.id != "record-1") {
    return false;
  }
  if (asked.action == "read") {
    return asked.subject.id == "alice" || asked.subject.id == "bob";
  }
  if (asked.action == "write") {
    return asked.subject.id == "alice";
  }
  const json::value* soft =
      asked.action_properties != nullptr ? asked.action_properties->if_contains("soft") : nullptr;
  return asked.action == "delete" && asked.subject.id == "alice" && soft != nullptr &&
         soft->is_bool() && soft->get_bool();
}

// The people of both interoperability scenarios.
struct Person {
  std::string email;
  std::string role;
};
const Person* person_of(std::string_view id) {
  static const std::map<std::string, Person, std::less<>> people = {
      {"CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs",
       {"rick@the-citadel.com", "admin"}},
      {"CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs",
       {"morty@the-citadel.com", "editor"}},
      {"CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs",
       {"summer@the-smiths.com", "editor"}},
      {"CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs",
       {"beth@the-smiths.com", "viewer"}},
      {"CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs",
       {"jerry@the-smiths.com", "viewer"}}};
  const auto found = people.find(id);
  return found == people.end() ? nullptr : &found->second;
}

bool interop_rules(const api::Evaluation& asked) {
  const Person* person = person_of(asked.subject.id);
  if (person == nullptr) {
    return false;
  }
  const bool writes = person->role != "viewer";
  if (asked.resource.type == "route") {
    return asked.action == "GET" || writes;
  }
  if (asked.action == "can_read_user" || asked.action == "can_read_todos") {
    return true;
  }
  if (asked.action == "can_create_todo") {
    return writes;
  }
  return (asked.action == "can_update_todo" || asked.action == "can_delete_todo") &&
         (person->role == "admin" ||
          (writes && text(asked.resource.properties, "ownerID") == person->email));
}

class AuthzenConformance : public ::testing::Test {
 protected:
  void serve(Rules rules) {
    rules_ = std::move(rules);
    auto router = std::make_shared<http::Router>();
    const auto add = [&](const char* path, auto answer) {
      router->add(
          http::Method::kPost, path, http::AuthPolicy::app_credential(),
          [this, answer](http::Exchange& exchange) {
            TestEngine engine(rules_);
            answer(exchange, engine);
          },
          http::BodyMode::kWhole, http::AnswerId::kEcho);
    };
    add("/access/v1/evaluation", api::answer_evaluation);
    add("/access/v1/evaluations", api::answer_evaluations);
    server::ServerOptions options;
    options.authenticator = std::make_shared<AnyKey>();
    server::ListenerOptions listener;
    listener.name = "test";
    listener.router = router;
    options.listeners.push_back(std::move(listener));
    auto server = server::Server::start(std::move(options));
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
    client_ = std::make_unique<HttpClient>(server_->port(0));
  }
  HttpAnswer ask(const std::string& path, const std::string& body,
                 std::vector<std::string> headers = {"Content-Type: application/json"}) {
    headers.emplace_back("Authorization: Bearer good");
    const auto answer = client_->request("POST", path, headers, body);
    EXPECT_TRUE(answer.has_value()) << path << ' ' << body;
    return answer.value_or(HttpAnswer{});
  }
  json::value answer_of(const HttpAnswer& answer) {
    EXPECT_EQ(answer.header("content-type"), "application/json") << answer.body;
    boost::system::error_code failure;
    json::value parsed = json::parse(answer.body, failure);
    EXPECT_FALSE(failure) << answer.body;
    return parsed;
  }
  // The decisions of a list, "TFT" for true, false, true.
  std::string decisions(const std::string& body) {
    const HttpAnswer answer = ask("/access/v1/evaluations", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::string out;
    const json::value parsed = answer_of(answer);
    for (const json::value& each : parsed.at("evaluations").as_array()) {
      out += each.at("decision").as_bool() ? 'T' : 'F';
    }
    return out;
  }

  Rules rules_;
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<HttpClient> client_;
};

// Every member that is expected is there with its value.
void expect_contains(const json::value& actual, const json::value& expected) {
  if (const auto* object = expected.if_object()) {
    ASSERT_TRUE(actual.is_object());
    for (const auto& [name, value] : *object) {
      const json::value* found = actual.get_object().if_contains(name);
      ASSERT_NE(found, nullptr) << std::string_view(name);
      expect_contains(*found, value);
    }
    return;
  }
  if (const auto* list = expected.if_array()) {
    ASSERT_TRUE(actual.is_array());
    ASSERT_EQ(actual.get_array().size(), list->size());
    for (std::size_t i = 0; i < list->size(); ++i) {
      expect_contains(actual.get_array()[i], (*list)[i]);
    }
    return;
  }
  EXPECT_EQ(actual, expected);
}

// Every `"decision":…` of an answer, in order.
std::string decisions_in(const std::string& body) {
  const std::string member = "\"decision\":";
  std::string out;
  for (std::size_t at = 0; (at = body.find(member, at)) != std::string::npos;) {
    at += member.size();
    out += body[at] == 't' ? 'T' : 'F';
  }
  return out;
}

bool is_evaluation(const json::value& value) {
  return value.is_object() && value.get_object().contains("decision") &&
         value.at("decision").is_bool();
}

TEST_F(AuthzenConformance, PassesTheCertificationsMessageCases) {
  if (!fs::exists(kStandard / "certification-cases.json")) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  serve(certification_rules);
  const json::value all = json::parse(read_file(kStandard / "certification-cases.json"));
  std::size_t count = 0;
  for (const json::value& each : all.at("cases").as_array()) {
    SCOPED_TRACE(json::serialize(each.at("id")) + json::serialize(each.at("variant")));
    ASSERT_EQ(each.at("method").as_string(), "POST");
    const std::string path(each.at("path").as_string());
    const std::string body = json::serialize(each.at("request"));
    const HttpAnswer answer =
        ask(path, body, {"Content-Type: application/json", "X-Request-ID: 7"});
    EXPECT_EQ(answer.status, each.at("expect_status").to_number<int>()) << answer.body;
    EXPECT_EQ(answer.header("x-request-id"), "7");
    if (const json::value* expected = each.as_object().if_contains("expect_body")) {
      expect_contains(answer_of(answer), *expected);
    } else if (answer.status == 200) {
      // What the case says in words: one decision for each evaluation, and no for a broken one.
      const json::value parsed = answer_of(answer);
      const json::array& asked = each.at("request").at("evaluations").as_array();
      const json::array& told = parsed.at("evaluations").as_array();
      ASSERT_EQ(told.size(), asked.size());
      for (std::size_t i = 0; i < told.size(); ++i) {
        EXPECT_TRUE(is_evaluation(told[i])) << answer.body;
        if (asked[i].as_object().empty()) {
          EXPECT_FALSE(told[i].at("decision").as_bool());
          EXPECT_TRUE(told[i].at("context").is_object());
        }
      }
    }
    const HttpAnswer again = ask(path, body);
    EXPECT_EQ(again.status, answer.status);
    EXPECT_EQ(decisions_in(again.body), decisions_in(answer.body)) << "the same question again";
    ++count;
  }
  EXPECT_GE(count, 14U);
  std::printf("%zu certification cases\n", count);
}

TEST_F(AuthzenConformance, GivesTheDecisionsOfTheInteroperabilityFixtures) {
  if (!fs::exists(kStandard)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  serve(interop_rules);
  for (const char* file :
       {"interop-todo-1_0-02.decisions.json", "interop-api-gateway.decisions.json"}) {
    const json::value all = json::parse(read_file(kStandard / file));
    std::size_t single = 0;
    std::size_t lists = 0;
    for (const json::value& each : all.at("evaluation").as_array()) {
      const HttpAnswer answer = ask("/access/v1/evaluation", json::serialize(each.at("request")));
      ASSERT_EQ(answer.status, 200) << answer.body;
      EXPECT_EQ(answer_of(answer).at("decision"), each.at("expected"))
          << json::serialize(each.at("request"));
      ++single;
    }
    if (const json::value* evaluations = all.as_object().if_contains("evaluations")) {
      for (const json::value& each : evaluations->as_array()) {
        const HttpAnswer answer =
            ask("/access/v1/evaluations", json::serialize(each.at("request")));
        ASSERT_EQ(answer.status, 200) << answer.body;
        expect_contains(answer_of(answer).at("evaluations"), each.at("expected"));
        ++lists;
      }
    }
    EXPECT_GE(single, 25U);
    std::printf("%s: %zu evaluations, %zu lists\n", file, single, lists);
  }
}

const std::string kAlice = R"("subject":{"type":"user","id":"alice"})";
const std::string kRead = R"("action":{"name":"read"})";
const std::string kRecord = R"("resource":{"type":"record","id":"record-1"})";
const std::string kOne = '{' + kAlice + ',' + kRead + ',' + kRecord + '}';

std::string semantic(const std::string& name, const std::string& list) {
  return '{' + kAlice + R"(,"options":{"evaluations_semantic":")" + name + R"("},"evaluations":[)" +
         list + "]}";
}

TEST_F(AuthzenConformance, StopsWhereTheSemanticSays) {
  serve(certification_rules);
  const std::string yes = '{' + kRead + ',' + kRecord + '}';
  const std::string no = R"({"action":{"name":"fly"},)" + kRecord + '}';
  const std::string broken = '{' + kRecord + '}';
  const auto join = [](const std::vector<std::string>& all) {
    std::string out;
    for (const std::string& each : all) {
      out += (out.empty() ? "" : ",") + each;
    }
    return out;
  };
  const struct {
    std::vector<std::string> asked;
    const char* all;
    const char* deny_first;
    const char* permit_first;
  } cases[] = {
      {{yes}, "T", "T", "T"},
      {{no}, "F", "F", "F"},
      {{yes, yes}, "TT", "TT", "T"},
      {{no, no}, "FF", "F", "FF"},
      {{yes, no, yes}, "TFT", "TF", "T"},
      {{no, yes, no}, "FTF", "F", "FT"},
      {{yes, broken, yes}, "TFT", "TF", "T"},
      {{broken, broken, yes, yes}, "FFTT", "F", "FFT"},
      {{R"("a string")", yes}, "FT", "F", "FT"},
  };
  for (const auto& each : cases) {
    const std::string list = join(each.asked);
    SCOPED_TRACE(list);
    EXPECT_EQ(decisions('{' + kAlice + R"(,"evaluations":[)" + list + "]}"), each.all);
    EXPECT_EQ(decisions(semantic("execute_all", list)), each.all);
    EXPECT_EQ(decisions(semantic("deny_on_first_deny", list)), each.deny_first);
    EXPECT_EQ(decisions(semantic("permit_on_first_permit", list)), each.permit_first);
  }
  EXPECT_EQ(ask("/access/v1/evaluations", semantic("any_order", yes)).status, 400);
}

TEST_F(AuthzenConformance, TakesAHundredEvaluationsAndNotOneMore) {
  serve(certification_rules);
  const auto many = [](std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i) {
      list += i == 0 ? "{}" : ",{}";
    }
    return '{' + kAlice + ',' + kRead + ',' + kRecord + R"(,"evaluations":[)" + list + "]}";
  };
  EXPECT_EQ(decisions(many(api::kMaxEvaluations)), std::string(api::kMaxEvaluations, 'T'));
  EXPECT_EQ(ask("/access/v1/evaluations", many(api::kMaxEvaluations + 1)).status, 400);
}

TEST_F(AuthzenConformance, AnswersASingleOneWithoutAListOrWithAnEmptyOne) {
  serve(certification_rules);
  for (const std::string& body :
       {kOne, kOne.substr(0, kOne.size() - 1) + R"(,"evaluations":[]})"}) {
    const HttpAnswer answer = ask("/access/v1/evaluations", body);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"decision":true})");
  }
  EXPECT_EQ(ask("/access/v1/evaluations", R"({"evaluations":[]})").status, 400);
}

TEST_F(AuthzenConformance, RefusesWhatIsNoJsonOfItsType) {
  serve(certification_rules);
  for (const char* path : {"/access/v1/evaluation", "/access/v1/evaluations"}) {
    for (const char* type : {"Content-Type: text/plain", "Content-Type: application/jsonp",
                             "Content-Type: application/x-www-form-urlencoded", "Accept: */*"}) {
      EXPECT_EQ(ask(path, kOne, {type}).status, 400) << type;
    }
    for (const char* type :
         {"Content-Type: application/json", "Content-Type: Application/JSON ; charset=utf-8"}) {
      EXPECT_EQ(ask(path, kOne, {type}).status, 200) << type;
    }
    for (const char* body : {"", "{", "[]", "null", R"({"subject":{},"subject":{}})"}) {
      const HttpAnswer answer = ask(path, body);
      EXPECT_EQ(answer.status, 400) << body;
      EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    }
  }
}

TEST_F(AuthzenConformance, EchoesTheRequestsIdInEveryAnswer) {
  serve(certification_rules);
  const std::string long_id(2000, 'i');
  const std::string long_body = kOne + std::string(40'000, ' ');  // longer than a read buffer
  for (const std::string& id : {std::string("bfe9eb29-ab87-4ca3-be83-a1d5d8305716"),
                                std::string("any text: 1, 2 \"3\""), long_id}) {
    const std::string header = "X-Request-ID: " + id;
    for (const std::string& body : {kOne, long_body, std::string("{")}) {
      EXPECT_EQ(ask("/access/v1/evaluation", body, {"Content-Type: application/json", header})
                    .header("x-request-id"),
                id);
    }
    const auto refused = client_->request("POST", "/access/v1/evaluation",
                                          {"Authorization: Bearer bad", header}, kOne);
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->status, 401);
    EXPECT_EQ(refused->header("x-request-id"), id);
  }
  const std::string ours = ask("/access/v1/evaluation", kOne).header("x-request-id");
  EXPECT_EQ(ours.size(), 32U);
  EXPECT_NE(ask("/access/v1/evaluation", kOne).header("x-request-id"), ours);
}

TEST(AuthzenMetadata, NamesTheEndpointsBelowTheBaseUrl) {
  const json::value metadata = json::parse(api::authzen_metadata(kBaseUrl));
  EXPECT_EQ(metadata.at("policy_decision_point").as_string(), kBaseUrl);
  EXPECT_EQ(metadata.at("access_evaluation_endpoint").as_string(),
            "https://pdp.example.com/access/v1/evaluation");
  EXPECT_EQ(metadata.at("access_evaluations_endpoint").as_string(),
            "https://pdp.example.com/access/v1/evaluations");
}

}  // namespace
}  // namespace fieldgate::test
