// The form of AuthZEN messages, whoever decides.
#include "gateway/api/evaluation_message.h"

#include "gateway/http/json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fieldgate::api {
namespace {

boost::json::value json(const std::string& text) {
  auto parsed = http::parse_json(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.has_value() ? std::move(*parsed) : boost::json::value();
}

const std::string kSubject = R"("subject":{"type":"app","id":"shop"})";
const std::string kAction = R"("action":{"name":"read"})";
const std::string kResource = R"("resource":{"type":"profile","id":"p-1"})";

std::string object(const std::vector<std::string>& members) {
  std::string out = "{";
  for (const std::string& member : members) {
    out += (out.size() > 1 ? "," : "") + member;
  }
  return out + '}';
}

std::string list(std::size_t count) {
  std::string out = R"("evaluations":[)";
  for (std::size_t i = 0; i < count; ++i) {
    out += i == 0 ? "{}" : ",{}";
  }
  return out + ']';
}

TEST(EvaluationMessage, reads_the_four_members) {
  const auto body =
      json(R"({"subject":{"type":"app","id":"shop","properties":{"a":1}},"action":{"name":"read",)"
           R"("properties":{"b":2}},"resource":{"type":"profile","id":"p-1","properties":{"c":3}},)"
           R"("context":{"d":4},"more":5})");
  const auto read = parse_evaluation(body);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->subject.type, "app");
  EXPECT_EQ(read->subject.id, "shop");
  EXPECT_TRUE(read->subject.properties->contains("a"));
  EXPECT_EQ(read->action, "read");
  EXPECT_TRUE(read->action_properties->contains("b"));
  EXPECT_EQ(read->resource.type, "profile");
  EXPECT_EQ(read->resource.id, "p-1");
  EXPECT_TRUE(read->resource.properties->contains("c"));
  EXPECT_TRUE(read->context->contains("d"));
}

TEST(EvaluationMessage, names_what_is_missing_or_of_a_wrong_type) {
  const struct {
    std::string body;
    std::string says;
  } cases[] = {
      {object({kAction, kResource}), "`subject` is missing"},
      {object({kSubject, kResource}), "`action` is missing"},
      {object({kSubject, kAction}), "`resource` is missing"},
      {object({R"("subject":"shop")", kAction, kResource}), "`subject` must be an object"},
      {object({R"("subject":null)", kAction, kResource}), "`subject` must be an object"},
      {object({R"("subject":{"id":"shop"})", kAction, kResource}), "`type` is missing"},
      {object({R"("subject":{"type":"app"})", kAction, kResource}), "`id` is missing"},
      {object({R"("subject":{"type":"app","id":7})", kAction, kResource}), "`id` must be a string"},
      {object({R"("subject":{"type":"app","id":""})", kAction, kResource}),
       "`id` must be a string"},
      {object({R"("subject":{"type":"app","id":"s","properties":[]})", kAction, kResource}),
       "`properties` must be an object"},
      {object({kSubject, R"("action":{})", kResource}), "`name` is missing"},
      {object({kSubject, R"("action":{"name":["read"]})", kResource}), "`name` must be a string"},
      {object({kSubject, kAction, R"("resource":[])"}), "`resource` must be an object"},
      {object({kSubject, kAction, kResource, R"("context":"web")"}), "`context` must be an object"},
      {"[]", "must be a JSON object"},
      {"7", "must be a JSON object"},
  };
  for (const auto& each : cases) {
    const auto body = json(each.body);
    const auto read = parse_evaluation(body);
    ASSERT_TRUE(read.has_error()) << each.body;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
    EXPECT_NE(read.error().message.find(each.says), std::string::npos) << read.error().message;
  }
}

TEST(EvaluationMessage, takes_what_is_missing_from_the_defaults_member_by_member) {
  const auto whole =
      json(object({kSubject, kAction, R"("context":{"purpose":"x","fields":["a"]})"}));
  const auto own = json(object({kResource, R"("context":{"purpose":"y"})"}));
  const auto read = parse_evaluation(own, &whole.as_object());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->subject.id, "shop");
  EXPECT_EQ(read->context->at("purpose").as_string(), "y");
  EXPECT_FALSE(read->context->contains("fields")) << "a context is not mixed from two";
  const auto empty = json("{}");
  EXPECT_TRUE(parse_evaluation(empty, &whole.as_object()).has_error());
}

TEST(EvaluationMessage, knows_three_semantics) {
  const auto semantic = [](const std::string& options) {
    const auto body = json(object({list(1), options}));
    const auto read = parse_evaluations(body);
    return read.has_value() ? std::optional(read->semantic) : std::nullopt;
  };
  EXPECT_EQ(semantic(R"("options":{})"), EvaluationsSemantic::kExecuteAll);
  EXPECT_EQ(semantic(R"("options":{"another":1})"), EvaluationsSemantic::kExecuteAll);
  EXPECT_EQ(semantic(R"("options":{"evaluations_semantic":"execute_all"})"),
            EvaluationsSemantic::kExecuteAll);
  EXPECT_EQ(semantic(R"("options":{"evaluations_semantic":"deny_on_first_deny"})"),
            EvaluationsSemantic::kDenyOnFirstDeny);
  EXPECT_EQ(semantic(R"("options":{"evaluations_semantic":"permit_on_first_permit"})"),
            EvaluationsSemantic::kPermitOnFirstPermit);
  for (const char* wrong :
       {R"("options":[])", R"("options":"execute_all")", R"("options":{"evaluations_semantic":1})",
        R"("options":{"evaluations_semantic":"Execute_All"})",
        R"("options":{"evaluations_semantic":""})"}) {
    EXPECT_FALSE(semantic(wrong)) << wrong;
  }
}

TEST(EvaluationMessage, takes_a_hundred_evaluations_and_not_one_more) {
  ASSERT_EQ(kMaxEvaluations, 100U);
  const auto most = json(object({list(kMaxEvaluations)}));
  const auto taken = parse_evaluations(most);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->list->size(), kMaxEvaluations);
  const auto beyond = json(object({list(kMaxEvaluations + 1)}));
  const auto refused = parse_evaluations(beyond);
  ASSERT_TRUE(refused.has_error());
  EXPECT_NE(refused.error().message.find("at most 100"), std::string::npos);
}

TEST(EvaluationMessage, is_a_single_one_without_a_list_or_with_an_empty_one) {
  for (const std::string& body :
       {object({kSubject, kAction, kResource}), object({kSubject, kAction, kResource, list(0)})}) {
    const auto parsed = json(body);
    const auto read = parse_evaluations(parsed);
    ASSERT_TRUE(read.has_value()) << body;
    EXPECT_EQ(read->list, nullptr);
    EXPECT_TRUE(parse_evaluation(parsed).has_value());
  }
}

TEST(EvaluationMessage, refuses_an_envelope_that_is_none) {
  for (const std::string& body :
       {std::string("[]"), std::string("\"x\""), object({R"("evaluations":{})"}),
        object({R"("evaluations":null)"}), object({list(1), R"("subject":"alice")"}),
        object({list(1), R"("context":[])"})}) {
    const auto parsed = json(body);
    EXPECT_TRUE(parse_evaluations(parsed).has_error()) << body;
  }
}

}  // namespace
}  // namespace fieldgate::api
