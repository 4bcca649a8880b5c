#include "gateway/http/json.h"
#include "gateway/values/number.h"
#include "gateway/values/values.h"

#include <gtest/gtest.h>

#include <limits>

namespace fieldgate::values {
namespace {

using policy::FieldType;

// The plaintext, or "! " and the message.
std::string from_json(FieldType type, std::string_view json, std::string_view region = {}) {
  auto value = http::parse_json(json);
  if (value.has_error()) {
    return "not JSON: " + value.error().message;
  }
  auto plain = encode_value(type, *value, region);
  return plain.has_error() ? "! " + plain.error().message : *plain;
}

std::string from_cell(FieldType type, std::string_view cell, std::string_view region = {}) {
  auto plain = encode_text_value(type, cell, region);
  return plain.has_error() ? "! " + plain.error().message : *plain;
}

bool refused(const std::string& outcome) {
  return outcome.starts_with("! ");
}

TEST(EncodeValue, KeepsText) {
  EXPECT_EQ(from_json(FieldType::kText, R"("Zoë  Ó Briain ")"), "Zoë  Ó Briain ");
  EXPECT_EQ(from_json(FieldType::kText, "\"a\\tb\\nc\""), "a\tb\nc");
  EXPECT_TRUE(refused(from_json(FieldType::kText, R"("")")));
  EXPECT_TRUE(refused(from_json(FieldType::kText, R"("a\u0007")")));
  EXPECT_TRUE(refused(from_json(FieldType::kText, R"("\u007f")")));
  EXPECT_TRUE(refused(from_json(FieldType::kText, "7")));
  EXPECT_TRUE(refused(from_json(FieldType::kText, "null")));
  EXPECT_TRUE(refused(from_json(FieldType::kText, R"(["a"])")));
}

TEST(EncodeValue, BoundsTheSize) {
  const std::string fits(crypto::kMaxFieldBytes, 'x');
  EXPECT_EQ(encode_value(FieldType::kText, boost::json::value(fits)).value(), fits);
  const auto beyond = encode_value(FieldType::kText, boost::json::value(fits + "x"));
  ASSERT_TRUE(beyond.has_error());
  EXPECT_EQ(beyond.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(encode_text_value(FieldType::kText, fits).value(), fits);
  EXPECT_EQ(encode_text_value(FieldType::kText, fits + "x").error().code, ErrorCode::kTooLarge);
}

TEST(EncodeValue, NormalisesIdentifiers) {
  EXPECT_EQ(from_json(FieldType::kEmail, R"(" Ada@Example.COM ")"), "ada@example.com");
  EXPECT_TRUE(refused(from_json(FieldType::kEmail, R"("ada.example.com")")));
  EXPECT_EQ(from_json(FieldType::kPhone, R"("+44 20 7946 0123")"), "+442079460123");
  EXPECT_EQ(from_json(FieldType::kPhone, R"("020 7946 0123")", "GB"), "+442079460123");
  EXPECT_TRUE(refused(from_json(FieldType::kPhone, R"("020 7946 0123")")));
  EXPECT_TRUE(refused(from_json(FieldType::kPhone, "442079460123")));
}

TEST(EncodeValue, KnowsCountries) {
  EXPECT_EQ(from_json(FieldType::kCountry, R"("GB")"), "GB");
  EXPECT_EQ(from_json(FieldType::kCountry, R"("XK")"), "XK");
  for (const char* bad : {R"("gb")", R"("ZZ")", R"("XX")", R"("GBR")", R"("G")", R"("")", "44"}) {
    EXPECT_TRUE(refused(from_json(FieldType::kCountry, bad))) << bad;
  }
  EXPECT_NE(from_json(FieldType::kCountry, R"("UK")").find("`GB`"), std::string::npos);
  EXPECT_EQ(from_cell(FieldType::kCountry, " gb "), "GB");
}

TEST(EncodeValue, ReadsDates) {
  EXPECT_EQ(from_json(FieldType::kDate, R"("2024-02-29")"), "2024-02-29");
  for (const char* bad :
       {"2023-02-29", "2024-2-9", "29.02.2024", "2024-02-29T00:00:00Z", "1799-12-31"}) {
    EXPECT_TRUE(refused(from_cell(FieldType::kDate, bad))) << bad;
  }
}

TEST(EncodeValue, WritesListsCompactly) {
  EXPECT_EQ(from_json(FieldType::kList, R"([ "crime", "a \"b\"|c" ])"), R"(["crime","a \"b\"|c"])");
  EXPECT_EQ(from_json(FieldType::kList, "[]"), "[]");
  EXPECT_EQ(from_cell(FieldType::kList, " crime |poetry|| "), R"(["crime","poetry"])");
  EXPECT_EQ(from_cell(FieldType::kList, "a;b"), R"(["a;b"])");
  for (const char* bad : {R"("crime")", R"([1])", R"(["a",["b"]])", R"([""])", R"(["a","a"])"}) {
    EXPECT_TRUE(refused(from_json(FieldType::kList, bad))) << bad;
  }
  std::string most;
  for (std::size_t i = 0; i < kMaxListItems; ++i) {
    most += (i == 0 ? "" : "|") + std::to_string(i);
  }
  EXPECT_FALSE(refused(from_cell(FieldType::kList, most)));
  EXPECT_TRUE(refused(from_cell(FieldType::kList, most + "|more")));
}

TEST(EncodeValue, GivesNumbersOneForm) {
  EXPECT_EQ(from_json(FieldType::kMoney, "12.50"), "12.5");
  EXPECT_EQ(from_json(FieldType::kNumber, "-0.0"), "0");
  EXPECT_EQ(from_json(FieldType::kNumber, "18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(from_cell(FieldType::kMoney, "12.50"), "12.5");
  EXPECT_EQ(from_cell(FieldType::kMoney, " -3 "), "-3");
  EXPECT_EQ(from_cell(FieldType::kMoney, "1e3"), "1000");
  EXPECT_EQ(from_cell(FieldType::kNumber, "123456789012345"), "123456789012345");
  for (const char* bad : {"12,50", "1 000", "1.", ".5", "+1", "01", "0x10", "inf", "nan", "1e",
                          "1e999", "1e99999999999", "EUR 5", "1234567890123456", "--1", "-"}) {
    EXPECT_TRUE(refused(from_cell(FieldType::kNumber, bad))) << bad;
  }
  EXPECT_TRUE(refused(from_json(FieldType::kMoney, R"("12")")));
  EXPECT_TRUE(format_number(std::numeric_limits<double>::infinity()).has_error());
}

TEST(EncodeValue, ReadsBooleans) {
  EXPECT_EQ(from_json(FieldType::kBoolean, "true"), "true");
  EXPECT_EQ(from_cell(FieldType::kBoolean, "No"), "false");
  EXPECT_EQ(from_cell(FieldType::kBoolean, "1"), "true");
  EXPECT_TRUE(refused(from_cell(FieldType::kBoolean, "maybe")));
  EXPECT_TRUE(refused(from_json(FieldType::kBoolean, "1")));
}

TEST(EncodeValue, NeverRepeatsTheValue) {
  for (int type = 0; type <= static_cast<int>(FieldType::kBoolean); ++type) {
    const std::string outcome =
        from_cell(static_cast<FieldType>(type), "secretvalue\x01secretvalue", "GB");
    ASSERT_TRUE(refused(outcome)) << type;
    EXPECT_EQ(outcome.find("secretvalue"), std::string::npos) << type;
  }
}

TEST(EncodeValue, RefusesInvalidUtf8) {
  for (const char* bad : {"Jos\xE9", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    EXPECT_TRUE(refused(from_cell(FieldType::kText, bad)));
    EXPECT_TRUE(refused(from_cell(FieldType::kList, bad)));
  }
}

TEST(ValueType, IsAnotherForEachFieldType) {
  EXPECT_EQ(value_type(FieldType::kText), crypto::ValueType::kText);
  EXPECT_EQ(value_type(FieldType::kList), crypto::ValueType::kList);
  EXPECT_EQ(value_type(FieldType::kBoolean), crypto::ValueType::kBoolean);
  for (int type = 0; type <= static_cast<int>(FieldType::kBoolean); ++type) {
    EXPECT_EQ(static_cast<int>(value_type(static_cast<FieldType>(type))), type + 1);
  }
}

}  // namespace
}  // namespace fieldgate::values
