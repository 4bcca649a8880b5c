#include "gateway/http/json.h"
#include "gateway/values/values.h"

#include <gtest/gtest.h>

namespace fieldgate::values {
namespace {

using policy::FieldType;
using policy::Transform;
using policy::TransformKind;

class FixedPseudonyms final : public ValuePseudonyms {
 public:
  void append_pseudonym(std::string& out, std::uint16_t domain,
                        std::string_view plain) const override {
    out += "pv1_" + std::to_string(domain) + "_" + std::to_string(plain.size());
  }
};

// What is appended, or "!" when nothing may be.
std::string transformed(FieldType type, std::string_view plain, TransformKind kind) {
  std::string out = "before:";
  const auto done = append_transformed_json(out, type, plain, Transform{kind, 0});
  EXPECT_TRUE(out.starts_with("before:"));
  if (done.has_error()) {
    EXPECT_EQ(out, "before:") << "an error must leave nothing behind";
    return "!";
  }
  const std::string json = out.substr(7);
  EXPECT_TRUE(http::parse_json(json).has_value()) << json;
  return json;
}

TEST(Transform, ShowsEachTypeAsItsJson) {
  EXPECT_EQ(transformed(FieldType::kText, "Zoë \"Z\"", TransformKind::kShow), R"("Zoë \"Z\"")");
  EXPECT_EQ(transformed(FieldType::kDate, "1984-12-10", TransformKind::kShow), R"("1984-12-10")");
  EXPECT_EQ(transformed(FieldType::kList, R"(["a","b"])", TransformKind::kShow), R"(["a","b"])");
  EXPECT_EQ(transformed(FieldType::kMoney, "12.5", TransformKind::kShow), "12.5");
  EXPECT_EQ(transformed(FieldType::kBoolean, "true", TransformKind::kShow), "true");
}

TEST(Transform, MasksAllButFourCharacters) {
  const auto mask = [](std::string_view text) {
    return transformed(FieldType::kText, text, TransformKind::kMaskLast4);
  };
  EXPECT_EQ(transformed(FieldType::kPhone, "+442079460123", TransformKind::kMaskLast4),
            R"("*********0123")");
  EXPECT_EQ(mask("12345"), R"("*2345")");
  EXPECT_EQ(mask("1234"), R"("****")") << "four characters would all be shown";
  EXPECT_EQ(mask("1"), R"("*")");
  EXPECT_EQ(mask("Åkerström"), R"("*****tröm")");
  EXPECT_EQ(mask("a京都市中"), R"("*京都市中")");
  EXPECT_EQ(mask("京都市中"), R"("****")");
  EXPECT_EQ(mask("12\"4\\6"), R"("**\"4\\6")");
}

TEST(Transform, MasksEachEntryOfAList) {
  EXPECT_EQ(
      transformed(FieldType::kList, R"(["poetry","abc","a\"bcdef"])", TransformKind::kMaskLast4),
      R"(["**etry","***","***cdef"])");
  EXPECT_EQ(transformed(FieldType::kList, "[]", TransformKind::kMaskLast4), "[]");
  EXPECT_EQ(transformed(FieldType::kList, "no list", TransformKind::kMaskLast4), "!");
}

TEST(Transform, GeneralisesDates) {
  EXPECT_EQ(transformed(FieldType::kDate, "1984-12-10", TransformKind::kYear), R"("1984")");
  EXPECT_EQ(transformed(FieldType::kDate, "1984-12-10", TransformKind::kBand10), R"("1980-1989")");
  EXPECT_EQ(transformed(FieldType::kDate, "1980-01-01", TransformKind::kBand10), R"("1980-1989")");
  EXPECT_EQ(transformed(FieldType::kDate, "1989-12-31", TransformKind::kBand10), R"("1980-1989")");
  EXPECT_EQ(transformed(FieldType::kDate, "2000-01-01", TransformKind::kBand10), R"("2000-2009")");
  EXPECT_EQ(transformed(FieldType::kText, "1984-12-10", TransformKind::kYear), "!");
  EXPECT_EQ(transformed(FieldType::kDate, "198", TransformKind::kYear), "!");
}

TEST(Transform, KeepsTwoCharactersOfAText) {
  EXPECT_EQ(transformed(FieldType::kText, "LS1 4AP", TransformKind::kPrefix2), R"("LS")");
  EXPECT_EQ(transformed(FieldType::kText, "Åß9", TransformKind::kPrefix2), R"("Åß")");
  EXPECT_EQ(transformed(FieldType::kText, "L", TransformKind::kPrefix2), R"("L")");
  EXPECT_EQ(transformed(FieldType::kMoney, "123", TransformKind::kPrefix2), "!");
  EXPECT_EQ(transformed(FieldType::kList, R"(["a"])", TransformKind::kPrefix2), "!");
}

TEST(Transform, FindsTownAndCountryOfAnAddress) {
  const char* address = "Rotenturmstraße 4, Top 3, 1010 Innere Stadt, Austria";
  EXPECT_EQ(transformed(FieldType::kText, address, TransformKind::kCity), R"("Innere Stadt")");
  EXPECT_EQ(transformed(FieldType::kText, address, TransformKind::kCountry), R"("Austria")");
  EXPECT_EQ(transformed(FieldType::kText, "1 High St, Leeds LS1 4AP, GB", TransformKind::kCity),
            R"("Leeds")");
  EXPECT_EQ(transformed(FieldType::kCountry, "GB", TransformKind::kCountry), R"("GB")");
  // Without its parts an address is not narrowed, so it is not returned.
  EXPECT_EQ(transformed(FieldType::kText, "12 High Street", TransformKind::kCity), "!");
  EXPECT_EQ(transformed(FieldType::kText, "12 High Street, Leeds", TransformKind::kCity), "!");
  EXPECT_EQ(transformed(FieldType::kText, "12 High Street", TransformKind::kCountry), "!");
  EXPECT_EQ(transformed(FieldType::kText, "Leeds, LS1 4AP", TransformKind::kCountry), "!");
  EXPECT_EQ(transformed(FieldType::kText, "a, 12345, GB", TransformKind::kCity), "!");
}

TEST(Transform, RoundsToTwoSignificantDigits) {
  const std::pair<const char*, const char*> cases[] = {
      {"123.45", "120"},
      {"0.0123", "0.012"},
      {"0", "0"},
      {"-123.45", "-120"},
      {"125", "130"},
      {"-125", "-130"},
      {"1.25", "1.3"},
      {"99.4", "99"},
      {"99.5", "100"},
      {"995", "1000"},
      {"9.95", "10"},
      {"0.995", "1"},
      {"0.0999", "0.1"},
      {"7", "7"},
      {"0.1", "0.1"},
      {"1000000", "1000000"},
      {"1e3", "1000"},
      {"1.26e25", "1.3e25"},
      {"2.5e-30", "2.5e-30"},
      {"1e25", "1e25"},
      {"12", "12"},
      {"0.5", "0.5"},
      {"1234.5", "1200"},
      {"-0.0", "0"},
      {"18446744073709551615", "18000000000000000000"},
  };
  for (const auto& [plain, rounded] : cases) {
    EXPECT_EQ(transformed(FieldType::kMoney, plain, TransformKind::kRound2), rounded) << plain;
  }
  EXPECT_EQ(transformed(FieldType::kMoney, "12x", TransformKind::kRound2), "!");
  EXPECT_EQ(transformed(FieldType::kText, "123", TransformKind::kRound2), "!");
}

TEST(Transform, PseudonymisesInItsDomain) {
  const FixedPseudonyms pseudonyms;
  std::string out;
  ASSERT_TRUE(append_transformed_json(out, FieldType::kEmail, "ada@example.com",
                                      {TransformKind::kPseudonymise, 3}, &pseudonyms)
                  .has_value());
  EXPECT_EQ(out, R"("pv1_3_15")");
  EXPECT_EQ(transformed(FieldType::kEmail, "ada@example.com", TransformKind::kPseudonymise), "!");
}

TEST(Transform, RefusesAnUnknownKind) {
  EXPECT_EQ(transformed(FieldType::kText, "a", static_cast<TransformKind>(99)), "!");
}

}  // namespace
}  // namespace fieldgate::values
