// The OpenAPI document against the router and the policy module, and the page that is drawn from
// it.
#include "gateway/api/consents.h"
#include "gateway/api/evaluations.h"
#include "gateway/api/reads.h"
#include "gateway/api/routes.h"
#include "gateway/http/json.h"
#include "gateway/http/router.h"
#include "gateway/import/person_row.h"
#include "gateway/read_path/read_request.h"
#include "gateway/web/docs_page.h"
#include "gateway/web/embedded.h"
#include "gateway/write/import_report.h"

#include <fieldgate/policy/reason.h>

#include <gtest/gtest.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace fieldgate {
namespace {

namespace json = boost::json;

const json::object& document() {
  static const json::value parsed = [] {
    auto result = http::parse_json(api::openapi_document());
    if (result.has_error()) {
      ADD_FAILURE() << result.error().message;
      return json::value(json::object{});
    }
    return *result;
  }();
  return parsed.get_object();
}

const json::object& schema(std::string_view name) {
  return document().at("components").at("schemas").at(name).as_object();
}

http::Router full_router() {
  http::Router router;
  const api::StateOf no_state = [](http::Exchange&) -> api::LoopState& {
    throw std::logic_error("no handler is called here");
  };
  api::add_app_routes(router, no_state, true);
  api::add_developer_routes(router);
  return router;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

using Operations = std::map<std::string, const json::object*>;

Operations documented() {
  Operations all;
  for (const auto& path : document().at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      all.emplace(std::string(operation.key()) + ' ' + std::string(path.key()),
                  &operation.value().as_object());
    }
  }
  return all;
}

std::string name_of(const http::Route& route) {
  return lower(http::method_name(route.method)) + ' ' + route.pattern;
}

TEST(OpenApi, has_every_route_and_no_other) {
  std::set<std::string> routed;
  const http::Router router = full_router();
  for (const http::Route& route : router.routes()) {
    routed.insert(name_of(route));
  }
  std::set<std::string> described;
  for (const auto& [name, operation] : documented()) {
    described.insert(name);
  }
  EXPECT_EQ(described, routed);
  EXPECT_GE(routed.size(), 12U);
}

TEST(OpenApi, asks_for_the_credential_and_role_that_the_route_asks_for) {
  const Operations operations = documented();
  const http::Router router = full_router();
  for (const http::Route& route : router.routes()) {
    SCOPED_TRACE(name_of(route));
    const auto found = operations.find(name_of(route));
    ASSERT_NE(found, operations.end());
    const json::object& operation = *found->second;
    const json::array& security = operation.at("security").as_array();
    const json::value* role = operation.if_contains("x-role");
    EXPECT_EQ(role == nullptr ? std::string() : std::string(role->as_string()), route.auth.role);
    switch (route.auth.kind) {
      case http::AuthPolicy::Kind::kNoAuth:
        EXPECT_TRUE(security.empty());
        break;
      case http::AuthPolicy::Kind::kAppCredential:
        ASSERT_EQ(security.size(), 1U);
        EXPECT_TRUE(security[0].as_object().contains("bearer"));
        break;
      case http::AuthPolicy::Kind::kBasicAppCredential:
        ASSERT_EQ(security.size(), 1U);
        EXPECT_TRUE(security[0].as_object().contains("basic"));
        break;
    }
    EXPECT_EQ(operation.at("responses").as_object().contains("401"), !security.empty());
  }
}

TEST(OpenApi, lists_the_reason_codes_of_the_policy_each_with_its_article) {
  std::set<std::string> known;
  for (int code = 1; code < 256; ++code) {
    const std::string_view name = policy::reason_name(static_cast<policy::ReasonCode>(code));
    if (!name.empty()) {
      known.emplace(name);
    }
  }
  ASSERT_EQ(known.size(), 23U);
  const json::array& values = schema("ReasonCode").at("enum").as_array();
  const json::array& reasons = schema("ReasonCode").at("x-reasons").as_array();
  ASSERT_EQ(values.size(), reasons.size());
  std::set<std::string> listed;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string name(values[i].as_string());
    SCOPED_TRACE(name);
    EXPECT_EQ(reasons[i].at("code").as_string(), values[i].as_string());
    EXPECT_TRUE(listed.insert(name).second) << "twice";
    const auto code = policy::parse_reason(name);
    ASSERT_TRUE(code);
    EXPECT_EQ(std::string_view(reasons[i].at("because").as_string()),
              policy::reason_because(*code));
  }
  EXPECT_EQ(listed, known);
}

TEST(OpenApi, names_the_codes_in_the_order_in_which_a_refusal_does) {
  // Codes are numbered by precedence, save that a person is looked up before the policy is asked.
  std::optional<policy::ReasonCode> last;
  for (const json::value& value : schema("ReasonCode").at("enum").as_array()) {
    const auto code = policy::parse_reason(value.as_string());
    ASSERT_TRUE(code);
    if (*code == policy::ReasonCode::kNoSuchPerson) {
      EXPECT_EQ(last, policy::ReasonCode::kPurposeNotGranted);
      continue;
    }
    if (last) {
      EXPECT_LT(*last, *code) << value.as_string();
    }
    last = code;
  }
}

// The schema of an operation's parameter `limit`.
const json::object& limit_of(const std::string& operation) {
  static const json::object none;
  for (const json::value& parameter : documented().at(operation)->at("parameters").as_array()) {
    if (parameter.at("name").as_string() == "limit") {
      return parameter.at("schema").as_object();
    }
  }
  ADD_FAILURE() << operation << " has no `limit`";
  return none;
}

TEST(OpenApi, gives_the_limits_of_the_code) {
  EXPECT_EQ(
      schema("BatchRequest").at("properties").at("reads").at("maxItems").to_number<std::size_t>(),
      api::kMaxBatchReads);
  for (const char* const body : {"ReadRequest", "EvaluationContext"}) {
    EXPECT_EQ(schema(body).at("properties").at("fields").at("maxItems").to_number<std::size_t>(),
              read_path::kMaxAskedFields);
  }
  for (const char* const body : {"EvaluationsRequest", "EvaluationsAnswer"}) {
    EXPECT_EQ(
        schema(body).at("properties").at("evaluations").at("maxItems").to_number<std::size_t>(),
        api::kMaxEvaluations);
  }
  EXPECT_EQ(schema("ProfileWrite")
                .at("properties")
                .at("identifiers")
                .at("maxItems")
                .to_number<std::size_t>(),
            importing::kMaxIdentifiersPerPerson);
  for (const char* const list : {"rejected", "dropped"}) {
    EXPECT_EQ(schema("ImportAnswer").at("properties").at(list).at("maxItems"),
              write::kMaxListedProblems);
  }
  const json::object& limit =
      limit_of("get /v1/spaces/{space}/collections/users/profiles/{external_id}/traits");
  EXPECT_EQ(limit.at("maximum").to_number<std::size_t>(), api::kMaxTraits);
  EXPECT_EQ(limit.at("default").to_number<std::size_t>(), api::kDefaultTraits);
  const json::object& page = limit_of("get /v1/consents");
  EXPECT_EQ(page.at("maximum").to_number<std::size_t>(), api::kMaxConsentsListed);
  EXPECT_EQ(page.at("default").to_number<std::size_t>(), api::kDefaultConsentsListed);
  EXPECT_EQ(schema("ConsentHistory").at("properties").at("consents").at("maxItems"),
            api::kMaxConsentsListed);
}

TEST(OpenApi, closes_every_request_body) {
  for (const std::string_view name :
       {"Identifier", "Context", "ReadRequest", "BatchRequest", "WrittenValue", "ProfileWrite",
        "ConsentRequest", "ObjectionRequest", "RestrictionRequest"}) {
    const json::value* closed = schema(name).if_contains("additionalProperties");
    EXPECT_TRUE(closed != nullptr && closed->is_bool() && !closed->get_bool()) << name;
  }
}

TEST(OpenApi, gives_examples_that_the_parsers_take) {
  const json::object& content = documented()
                                    .at("post /v1/profiles/read")
                                    ->at("requestBody")
                                    .at("content")
                                    .at("application/json")
                                    .as_object();
  const auto request = read_path::parse_read_request(content.at("example"));
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->purpose, "personalisation");
  const auto example = [](const char* operation) -> const json::value& {
    return documented()
        .at(operation)
        ->at("requestBody")
        .at("content")
        .at("application/json")
        .at("example");
  };
  EXPECT_TRUE(api::parse_evaluation(example("post /access/v1/evaluation")).has_value());
  const auto many = api::parse_evaluations(example("post /access/v1/evaluations"));
  ASSERT_TRUE(many.has_value()) << many.error().message;
  for (const json::value& each : *many->list) {
    EXPECT_TRUE(api::parse_evaluation(each, many->whole).has_value());
  }
}

void expect_known_references(const json::value& node) {
  if (const auto* list = node.if_array()) {
    for (const json::value& item : *list) {
      expect_known_references(item);
    }
    return;
  }
  const auto* object = node.if_object();
  if (object == nullptr) {
    return;
  }
  for (const auto& member : *object) {
    if (member.key() != "$ref") {
      expect_known_references(member.value());
      continue;
    }
    const std::string reference(member.value().as_string());
    ASSERT_EQ(reference.rfind("#/", 0), 0U) << reference;
    std::error_code ec;
    EXPECT_NE(json::value(document()).find_pointer(reference.substr(1), ec), nullptr) << reference;
  }
}

TEST(OpenApi, refers_only_to_what_it_holds) {
  expect_known_references(document());
}

std::string page() {
  auto drawn =
      web::render_docs_page(web::openapi_json(), web::docs_template(), web::table_template());
  EXPECT_TRUE(drawn.has_value()) << (drawn.has_error() ? drawn.error().message : std::string());
  return drawn.has_value() ? *drawn : std::string();
}

std::size_t count(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  return static_cast<std::size_t>(std::distance(
      std::sregex_iterator(text.begin(), text.end(), expression), std::sregex_iterator()));
}

TEST(DocsPage, has_no_script_and_loads_nothing_from_elsewhere) {
  const std::string html = page();
  const std::string style(web::docs_style());
  EXPECT_EQ(count(html, "<script"), 0U);
  EXPECT_EQ(count(html, "<style|style=|\\son[a-z]+="), 0U);
  EXPECT_EQ(count(html, "https?://|url\\(|src="), 0U);
  EXPECT_EQ(count(style, "url\\(|@import|//"), 0U);
  const std::regex link("href=\"([^\"]*)\"");
  for (std::sregex_iterator it(html.begin(), html.end(), link), end; it != end; ++it) {
    const std::string target = (*it)[1];
    EXPECT_TRUE(target[0] == '#' || target == "/docs/style.css" || target == "/openapi.json")
        << target;
  }
}

TEST(DocsPage, leads_every_link_to_one_place) {
  const std::string html = page();
  std::map<std::string, int> ids;
  const std::regex id("\\sid=\"([^\"]*)\"");
  for (std::sregex_iterator it(html.begin(), html.end(), id), end; it != end; ++it) {
    EXPECT_EQ(++ids[(*it)[1]], 1) << (*it)[1];
  }
  const std::regex link("(?:href=\"#|aria-labelledby=\")([^\"]*)\"");
  for (std::sregex_iterator it(html.begin(), html.end(), link), end; it != end; ++it) {
    EXPECT_EQ(ids.count((*it)[1]), 1U) << (*it)[1];
  }
}

TEST(DocsPage, has_one_h1_headings_in_order_landmarks_and_a_language) {
  const std::string html = page();
  EXPECT_EQ(count(html, "<h1>"), 1U);
  int last = 1;
  const std::regex heading("<h([1-6])");
  for (std::sregex_iterator it(html.begin(), html.end(), heading), end; it != end; ++it) {
    const int level = std::stoi((*it)[1]);
    EXPECT_LE(level, last + 1) << html.substr(static_cast<std::size_t>(it->position()), 80);
    last = level;
  }
  EXPECT_EQ(count(html, "<main "), 1U);
  EXPECT_EQ(count(html, "<nav [^>]*aria-label="), 1U);
  EXPECT_EQ(count(html, "<html lang=\"en\">"), 1U);
  EXPECT_EQ(count(html, "class=\"skip\" href=\"#main\""), 1U);
}

TEST(DocsPage, shows_every_operation_and_every_reason) {
  const std::string html = page();
  for (const auto& [name, operation] : documented()) {
    const std::string summary(operation->at("summary").as_string());
    const std::string shown = std::regex_replace(summary, std::regex("'"), "&apos;");
    EXPECT_NE(html.find(">" + shown + "</h3>"), std::string::npos) << name;
    EXPECT_NE(html.find("<code>" + name.substr(name.find('/')) + "</code>"), std::string::npos)
        << name;
  }
  for (const json::value& code : schema("ReasonCode").at("enum").as_array()) {
    EXPECT_NE(html.find("<code>" + std::string(code.as_string()) + "</code>"), std::string::npos);
  }
  EXPECT_EQ(html.find("{{"), std::string::npos) << "a tag of the template was left";
}

TEST(DocsPage, escapes_what_the_document_says) {
  std::string text(web::openapi_json());
  const std::string title = "Fieldgate apps API";
  text.replace(text.find(title), title.size(), "A <script>alert(1)</script> & B");
  const std::string summary = "Read a profile for a purpose";
  text.replace(text.find(summary), summary.size(), "Read <b onclick=x>");
  const auto drawn = web::render_docs_page(text, web::docs_template(), web::table_template());
  ASSERT_TRUE(drawn.has_value());
  EXPECT_EQ(drawn->find("<script"), std::string::npos);
  EXPECT_EQ(drawn->find("<b onclick"), std::string::npos);
}

TEST(DocsPage, refuses_a_malformed_document_and_template) {
  for (const std::string_view broken :
       {"", "[]", "{}", "{\"info\":1}", "{\"info\":{},\"info\":{}}"}) {
    const auto drawn = web::render_docs_page(broken, web::docs_template(), web::table_template());
    ASSERT_TRUE(drawn.has_error()) << broken;
    EXPECT_EQ(drawn.error().code, ErrorCode::kInvalid);
  }
  EXPECT_TRUE(web::render_docs_page(web::openapi_json(), "{{#open}}", "").has_error());
}

std::string read_source(const std::string& path) {
  std::ifstream in(std::string(FIELDGATE_SOURCE_DIR) + '/' + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(ApiReference, names_every_route_and_every_reason_with_its_article) {
  const std::string reference = read_source("docs/api.md");
  ASSERT_FALSE(reference.empty());
  const http::Router router = full_router();
  for (const http::Route& route : router.routes()) {
    const std::string name = std::string(http::method_name(route.method)) + ' ' + route.pattern;
    EXPECT_NE(reference.find('`' + name), std::string::npos) << name;
  }
  for (const json::value& reason : schema("ReasonCode").at("x-reasons").as_array()) {
    const std::string row = "| `" + std::string(reason.at("code").as_string()) + "` | " +
                            std::string(reason.at("because").as_string()) + " |";
    EXPECT_NE(reference.find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace fieldgate
