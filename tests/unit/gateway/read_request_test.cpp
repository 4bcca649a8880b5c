// The body of a read, checked for form only.
#include "gateway/read_path/read_request.h"

#include "gateway/http/json.h"

#include <gtest/gtest.h>

#include <string>

namespace fieldgate::read_path {
namespace {

constexpr std::string_view kAda = R"("identifier":{"type":"email","value":"ada@example.com"})";

class ReadRequestTest : public ::testing::Test {
 protected:
  Result<ReadRequest> parse(std::string_view text) {
    auto json = http::parse_json(text);
    EXPECT_TRUE(json.has_value()) << text;
    body_ = std::move(*json);
    return parse_read_request(body_);
  }
  std::string refused(std::string_view text) {
    const auto request = parse(text);
    EXPECT_TRUE(request.has_error()) << text;
    EXPECT_TRUE(request.has_value() || request.error().code == ErrorCode::kInvalid) << text;
    return request.has_error() ? request.error().message : std::string();
  }
  boost::json::value body_;
};

TEST_F(ReadRequestTest, TakesEveryMember) {
  const auto request =
      parse('{' + std::string(kAda) +
            R"(,"purpose":"newsletter","fields":["email","city"],)"
            R"("context":{"channel":"web","country":"GB","place":"p","device":"d",)"
            R"("event":"e"}})");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->identifier_type, IdentifierType::kEmail);
  EXPECT_EQ(request->identifier_value, "ada@example.com");
  EXPECT_TRUE(request->pseudonym.empty());
  EXPECT_EQ(request->purpose, "newsletter");
  EXPECT_FALSE(request->all_fields);
  EXPECT_EQ(request->fields, (std::vector<std::string_view>{"email", "city"}));
  EXPECT_EQ(request->context.channel, "web");
  EXPECT_EQ(request->context.country, "GB");
  EXPECT_EQ(request->context.place, "p");
  EXPECT_EQ(request->context.device, "d");
  EXPECT_EQ(request->context.event, "e");
}

TEST_F(ReadRequestTest, TakesAPseudonymAndAllFields) {
  const auto request = parse(R"({"subject":"psn1_x","purpose":"newsletter"})");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->pseudonym, "psn1_x");
  EXPECT_TRUE(request->identifier_value.empty());
  EXPECT_TRUE(request->all_fields);
  EXPECT_TRUE(request->fields.empty());
  for (const auto& [word, type] :
       {std::pair("phone", IdentifierType::kPhone), {"account_id", IdentifierType::kAccountId}}) {
    const auto named = parse(R"({"identifier":{"type":")" + std::string(word) +
                             R"(","value":"x"},"purpose":"p"})");
    ASSERT_TRUE(named.has_value());
    EXPECT_EQ(named->identifier_type, type);
  }
}

TEST_F(ReadRequestTest, NamesTheMemberThatIsWrong) {
  const std::string ada(kAda);
  EXPECT_EQ(refused("[]"), "the body must be a JSON object");
  EXPECT_EQ(refused(R"({"purpose":"p"})"), "give either `identifier` or `subject`");
  EXPECT_EQ(refused('{' + ada + R"(,"subject":"psn1_x","purpose":"p"})"),
            "give either `identifier` or `subject`");
  EXPECT_EQ(refused('{' + ada + '}'), "member `purpose` is missing");
  EXPECT_EQ(refused('{' + ada + R"(,"purpose":""})"),
            "member `purpose` must be a string that is not empty");
  EXPECT_EQ(refused('{' + ada + R"(,"purpose":1})"),
            "member `purpose` must be a string that is not empty");
  EXPECT_EQ(refused(R"({"subject":7,"purpose":"p"})"),
            "member `subject` must be a string that is not empty");
  EXPECT_EQ(refused(R"({"identifier":{"type":"fax","value":"x"},"purpose":"p"})"),
            "`identifier.type` must be one of email, phone, account_id");
  EXPECT_EQ(refused(R"({"identifier":{"type":"email"},"purpose":"p"})"),
            "member `value` is missing");
  EXPECT_EQ(refused(R"({"identifier":[],"purpose":"p"})"),
            "`identifier` must be an object with `type` and `value`");
  for (const char* fields : {"[]", "\"email\"", "{}", "null", "7"}) {
    EXPECT_EQ(refused('{' + ada + R"(,"purpose":"p","fields":)" + fields + '}'),
              "`fields` must be a list of field names; leave it out for all of them");
  }
  EXPECT_EQ(refused('{' + ada + R"(,"purpose":"p","fields":["email",""]})"),
            "`fields` must hold names only");
  EXPECT_EQ(refused('{' + ada + R"(,"purpose":"p","context":[]})"), "`context` must be an object");
  EXPECT_EQ(refused('{' + ada + R"(,"purpose":"p","context":{"event":1}})"),
            "member `event` must be a string that is not empty");
}

TEST_F(ReadRequestTest, RepeatsAnUnknownNameOnlyAsTheKnownOneBesideIt) {
  const std::string ada(kAda);
  EXPECT_EQ(refused('{' + ada + R"(,"purpose":"p","feilds":["email"]})"),
            "unknown member; did you mean `fields`?");
  EXPECT_EQ(refused('{' + ada + R"(,"purpose":"p","mary.shelley@example.com":1})"),
            "the body has a member that is not known here");
}

TEST_F(ReadRequestTest, TakesAsManyFieldsAsThereCanBeAndNotOneMore) {
  std::string names = "\"f\"";
  for (std::size_t i = 1; i < kMaxAskedFields; ++i) {
    names += ",\"f\"";
  }
  const std::string head = '{' + std::string(kAda) + R"(,"purpose":"p","fields":[)";
  EXPECT_TRUE(parse(head + names + "]}").has_value());
  EXPECT_EQ(refused(head + names + ",\"f\"]}"), "`fields` names more than 512 fields");
}

}  // namespace
}  // namespace fieldgate::read_path
