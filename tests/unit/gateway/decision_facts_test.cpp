#include "gateway/read_path/decision_facts.h"

#include <gtest/gtest.h>

namespace fieldgate::read_path {
namespace {

DecisionFacts facts(const char* country, const char* birth_date) {
  DecisionFacts out;
  out.country = policy::parse_country(country);
  out.birth_date = parse_date(birth_date);
  return out;
}

TEST(DecisionFacts, ComeBackAsTheyWere) {
  for (const auto& [given, text] : std::vector<std::pair<DecisionFacts, std::string>>{
           {facts("GB", "1984-05-02"), "GB 1984-05-02"},
           {facts("", "1984-05-02"), "- 1984-05-02"},
           {facts("GB", ""), "GB -"},
           {facts("", ""), "- -"}}) {
    EXPECT_EQ(encode_decision_facts(given), text);
    const auto back = decode_decision_facts(text);
    ASSERT_TRUE(back.has_value()) << text;
    EXPECT_EQ(back->birth_date, given.birth_date);
    EXPECT_EQ(back->country.has_value(), given.country.has_value());
    EXPECT_EQ(encode_decision_facts(*back), text);
  }
}

TEST(DecisionFacts, AnyOtherTextIsDamage) {
  for (const char* text :
       {"", " ", "-", "GB", "GB ", " 1984-05-02", "GB 1984-05-02 ", "GB  1984-05-02",
        "gb 1984-05-02", "GBR 1984-05-02", "G1 1984-05-02", "GB 1984-13-02", "GB 1984-02-30",
        "GB 84-05-02", "GB --", "-- -", "GB\t1984-05-02"}) {
    const auto decoded = decode_decision_facts(text);
    ASSERT_TRUE(decoded.has_error()) << '[' << text << ']';
    EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
  }
}

TEST(DecisionFacts, ASealIsBoundToPersonTenantAndVersion) {
  SubjectId one{};
  SubjectId two{};
  two.bytes[0] = 1;
  const crypto::FieldContext context = facts_context(TenantId{}, one, 7);
  EXPECT_EQ(context.value_version, 7U);
  EXPECT_EQ(context.type, crypto::ValueType::kDecisionFacts);
  EXPECT_EQ(context.subject, one);
  EXPECT_NE(facts_context(TenantId{}, two, 7).subject, context.subject);
}

}  // namespace
}  // namespace fieldgate::read_path
