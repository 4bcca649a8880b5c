#include "tests/integration/support/api.h"

#include "tests/integration/support/stored_log.h"

#include <fieldgate/base/time.h>

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <set>

namespace fieldgate::test {

namespace {

constexpr std::size_t kRequestIdLength = 32;
const json::object kNothing;  // what a missing object looks like

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::object& object_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : kNothing;
}

Receipt receipt_in(const json::object& body, const std::string& request_id, int status) {
  const json::object& audit = object_in(body, "audit");
  Receipt receipt;
  receipt.request_id = request_id;
  receipt.record_id = request_id;
  receipt.status = status;
  receipt.log = text_of(audit, "log");
  receipt.leaf = text_of(audit, "leaf");
  if (const json::value* index = audit.if_contains("index")) {
    receipt.index = index->to_number<std::uint64_t>();
  }
  return receipt;
}

// Of an answer that is always 200; `status` tells which decision its record must hold.
Receipt evaluation_receipt(const json::object& body, const std::string& request_id) {
  const json::object& context = object_in(body, "context");
  Receipt receipt = receipt_in(context, request_id, body.at("decision").as_bool() ? 200 : 403);
  receipt.record_id = text_of(context, "record");
  EXPECT_EQ(receipt.record_id.substr(0, request_id.size()), request_id);
  return receipt;
}

void expect_problem(const ApiAnswer& answer) {
  const json::object& body = answer.object();
  EXPECT_EQ(answer.content_type, "application/problem+json") << answer.text;
  EXPECT_EQ(text_of(body, "type").substr(0, 22), "urn:fieldgate:problem:") << answer.text;
  EXPECT_FALSE(text_of(body, "title").empty()) << answer.text;
  EXPECT_EQ(text_of(body, "instance"), "urn:fieldgate:request:" + answer.request_id) << answer.text;
  const json::value* status = body.if_contains("status");
  ASSERT_NE(status, nullptr) << answer.text;
  EXPECT_EQ(*status, answer.status) << answer.text;
  // `code`, `because` and `audit` come together: they say that it was recorded.
  EXPECT_EQ(body.contains("code"), body.contains("audit")) << answer.text;
  EXPECT_EQ(body.contains("code"), body.contains("because")) << answer.text;
}

std::string named(std::string_view type, std::string_view value) {
  return R"("identifier":)" + json::serialize(json::object{{"type", type}, {"value", value}});
}

}  // namespace

const json::object& ApiAnswer::object() const {
  return body.is_object() ? body.get_object() : kNothing;
}

std::string ApiAnswer::word(const std::string& name) const {
  return text_of(object(), name);
}

std::string ApiAnswer::code() const {
  return text_of(object(), "code");
}

std::string ApiAnswer::problem() const {
  const std::string type = text_of(object(), "type");
  return type.substr(type.rfind(':') + 1);
}

bool ApiAnswer::recorded() const {
  return object().contains("audit");
}

Receipt ApiAnswer::receipt() const {
  return receipt_in(object(), request_id, status);
}

std::string ApiAnswer::field(const std::string& name) const {
  const json::value* value = object_in(object(), "fields").if_contains(name);
  return value == nullptr ? std::string() : json::serialize(*value);
}

std::string ApiAnswer::withheld(const std::string& name) const {
  return text_of(object_in(object_in(object(), "withheld"), name), "code");
}

ApiAnswer Api::ask(const std::string& method, const std::string& target,
                   const std::vector<std::string>& headers, std::string_view body) {
  ApiAnswer answer;
  const auto http = client_.request(method, target, headers, body);
  if (!http) {
    return answer;
  }
  answer.status = http->status;
  answer.text = http->body;
  answer.content_type = http->header("content-type");
  answer.request_id = http->header("x-request-id");
  EXPECT_EQ(answer.request_id.size(), kRequestIdLength) << answer.text;
  boost::system::error_code failure;
  answer.body = json::parse(http->body, failure);
  EXPECT_FALSE(failure) << http->body;
  if (answer.status >= 400) {
    expect_problem(answer);
  }
  const json::object& context = object_in(answer.object(), "context");
  if (answer.recorded()) {
    receipts_.push_back(answer.receipt());
  } else if (context.contains("audit")) {
    receipts_.push_back(evaluation_receipt(answer.object(), answer.request_id));
  } else if (const json::value* evaluations = answer.object().if_contains("evaluations")) {
    for (const json::value& each : evaluations->as_array()) {
      if (object_in(each.as_object(), "context").contains("audit")) {
        receipts_.push_back(evaluation_receipt(each.as_object(), answer.request_id));
      }
    }
  } else if (const json::value* results = answer.object().if_contains("results")) {
    for (std::size_t i = 0; i < results->as_array().size(); ++i) {
      const json::object& result = results->as_array()[i].as_object();
      const json::object& part = result.at("body").as_object();
      if (part.contains("audit")) {
        Receipt receipt = receipt_in(part, answer.request_id, result.at("status").to_number<int>());
        receipt.record_id += '.' + std::to_string(i);
        receipts_.push_back(receipt);
      }
    }
  } else {
    unrecorded_.push_back(answer.request_id);
  }
  return answer;
}

ApiAnswer Api::post(const std::string& path, std::string_view body) {
  return ask("POST", path, {"Authorization: Bearer " + key_, "Content-Type: application/json"},
             body);
}

ApiAnswer Api::patch(std::string_view body) {
  return ask("PATCH", "/v1/profiles",
             {"Authorization: Bearer " + key_, "Content-Type: application/json"}, body);
}

ApiAnswer Api::get(const std::string& target) {
  return ask("GET", target, {"Authorization: Bearer " + key_}, {});
}

std::string email(std::string_view value) {
  return named("email", value);
}

std::string phone(std::string_view value) {
  return named("phone", value);
}

std::string account(std::string_view value) {
  return named("account_id", value);
}

std::string pseudonym(std::string_view value) {
  return R"("subject":)" + json::serialize(json::value(value));
}

std::string read_of(const std::string& who, const std::string& purpose,
                    const std::vector<std::string>& fields, const std::string& context) {
  std::string body = '{' + who + R"(,"purpose":")" + purpose + '"';
  if (!fields.empty()) {
    body += ",\"fields\":" + json::serialize(json::value_from(fields));
  }
  if (!context.empty()) {
    body += ",\"context\":" + context;
  }
  return body + '}';
}

std::string consent_of(const std::string& who, const ConsentAct& act) {
  return '{' + who + R"(,"purpose":")" + act.purpose + R"(","state":")" + act.state +
         R"(","notice":{"version":"v1","language":"en"},"method":"toggle","collected_at":")" +
         (act.collected_at.empty() ? time_from_now(0) : act.collected_at) + '"' + act.more + '}';
}

std::string right_of(const std::string& who, const std::string& purpose, const std::string& state) {
  return '{' + who + (purpose.empty() ? std::string() : R"(,"purpose":")" + purpose + '"') +
         R"(,"state":")" + state + R"(","collected_at":")" + time_from_now(0) + "\"}";
}

std::string time_from_now(std::int64_t seconds) {
  return format_rfc3339(SystemClock().now() + std::chrono::seconds(seconds));
}

void expect_proven(const std::filesystem::path& log, const std::vector<Receipt>& receipts,
                   const std::vector<std::string>& unrecorded) {
  const std::vector<std::string> records = stored_records(log);
  std::set<std::uint64_t> seen;
  std::set<std::string> ids;
  for (const Receipt& receipt : receipts) {
    SCOPED_TRACE("index " + std::to_string(receipt.index) + ", status " +
                 std::to_string(receipt.status));
    ASSERT_LT(receipt.index, records.size());
    EXPECT_TRUE(seen.insert(receipt.index).second) << "two answers share a record";
    EXPECT_TRUE(ids.insert(receipt.record_id).second) << "two answers share an id";
    const std::string& record = records[receipt.index];
    EXPECT_EQ(leaf_of(record), receipt.leaf) << record;
    const json::value parsed = json::parse(record);
    EXPECT_EQ(text_of(parsed.as_object(), "id"), receipt.record_id) << record;
    EXPECT_EQ(text_of(parsed.as_object(), "request_id"), receipt.request_id) << record;
    EXPECT_EQ(text_of(parsed.as_object(), "decision"),
              receipt.status >= 400                                  ? "deny"
              : text_of(parsed.as_object(), "decision") == "partial" ? "partial"
                                                                     : "allow")
        << record;
  }
  std::string all;
  for (const std::string& record : records) {
    all += record;
  }
  for (const std::string& id : unrecorded) {
    EXPECT_EQ(all.find(id), std::string::npos) << "an answer without a receipt is recorded: " << id;
  }
}

}  // namespace fieldgate::test
