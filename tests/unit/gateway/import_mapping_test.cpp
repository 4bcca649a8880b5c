#include "tests/unit/gateway/import_test_policy.h"

#include "gateway/import/country_names.h"
#include "gateway/import/mapping.h"
#include "gateway/import/row_source.h"

#include <gtest/gtest.h>

#include <set>

namespace fieldgate::importing {
namespace {

constexpr std::string_view kMapping = R"(source: shop-2025
collected_at: {column: Updated}
delimiter: ";"
identifiers:
  account_id: Id
  phone: {column: Tel, if_invalid: drop}
fields:
  first_name: First
  phone: {column: Tel, if_invalid: drop}
  country: {column: Land, as: country-name}
  city: {value: Leeds, source: migration}
ignore: [Fax]
)";

std::string first_finding(std::string_view text) {
  const TestPolicy policy;
  const MappingResult result = load_mapping(text, "m.yaml", policy);
  EXPECT_FALSE(result.mapping.has_value()) << text;
  return result.findings.empty() ? "" : format_diagnostic(result.findings.front());
}

TEST(ImportMapping, RepeatsOnlyTheBeginningOfALongName) {
  const std::string long_name(500, 'x');
  const std::string said = first_finding("identifiers: {account_id: Id}\n" + long_name + ": 1\n");
  EXPECT_NE(said.find('`' + excerpt(long_name) + '`'), std::string::npos) << said;
  EXPECT_LT(said.size(), 200U) << said;

  CollectingSink sink;
  const MappingResult result = load_mapping(
      "identifiers: {account_id: " + long_name + ", email: Mail}\n", "m.yaml", sink.policy);
  ASSERT_TRUE(result.mapping.has_value());
  const auto source = make_csv_source(sink.policy, &*result.mapping, test_defaults(), sink);
  EXPECT_TRUE(source->feed("Mail\n").has_error());
  ASSERT_EQ(sink.errors.size(), 1U);
  EXPECT_EQ(sink.errors[0].field, excerpt(long_name));
}

TEST(ImportMapping, ReadsAForeignFile) {
  CollectingSink sink;
  const MappingResult result = load_mapping(kMapping, "m.yaml", sink.policy);
  ASSERT_TRUE(result.mapping.has_value())
      << (result.findings.empty() ? "" : format_diagnostic(result.findings[0]));
  const auto source = make_csv_source(sink.policy, &*result.mapping, test_defaults(), sink);
  ASSERT_TRUE(source
                  ->feed("Id;First;Tel;Land;Fax;Updated\n"
                         "7;Luís;(11) 91234-5678;Brazil;1;2025-01-02\n"
                         "8;Zoë;12;united kingdom;;\n"
                         "9;Zoë;;Atlantis;;\n")
                  .has_value());
  ASSERT_TRUE(source->finish().has_value());
  ASSERT_EQ(sink.rows.size(), 2U) << sink.errors[0].message;
  EXPECT_EQ(sink.value(0, "phone"), "+5511912345678") << "read by the row's country";
  EXPECT_EQ(sink.value(0, "country"), "BR");
  EXPECT_EQ(sink.value(1, "country"), "GB");
  EXPECT_EQ(sink.value(0, "city"), "Leeds");
  for (const PersonField& field : sink.rows[0].fields) {
    EXPECT_EQ(field.source, field.field == sink.policy.field("city") ? "migration" : "shop-2025");
    EXPECT_EQ(field.collected_at, *parse_rfc3339("2025-01-02T00:00:00Z"));
  }
  EXPECT_EQ(sink.rows[1].identifiers.size(), 1U);
  EXPECT_EQ(sink.value(1, "phone"), "");
  ASSERT_EQ(sink.dropped.size(), 1U) << "what is left out is told";
  EXPECT_EQ(sink.dropped[0].line, 3U);
  EXPECT_EQ(sink.dropped[0].field, "phone");
  ASSERT_EQ(sink.errors.size(), 1U);
  EXPECT_EQ(sink.errors[0].line, 4U);
  EXPECT_EQ(sink.errors[0].field, "country");
}

TEST(ImportMapping, ReadsFlatJson) {
  CollectingSink sink;
  const MappingResult result = load_mapping(kMapping, "m.yaml", sink.policy);
  ASSERT_TRUE(result.mapping.has_value());
  const auto source = make_ndjson_source(sink.policy, &*result.mapping, test_defaults(), sink);
  ASSERT_TRUE(source
                  ->feed(R"({"Id":7,"First":"Luís","Land":"Brazil","Fax":null}
{"Id":8,"First":"Zoë","Lnd":"Brazil"}
)")
                  .has_value());
  ASSERT_EQ(sink.rows.size(), 1U);
  EXPECT_EQ(sink.value(0, "country"), "BR");
  ASSERT_EQ(sink.errors.size(), 1U);
  EXPECT_NE(sink.errors[0].message.find("did you mean `Land`"), std::string::npos);
}

TEST(ImportMapping, WantsEachOfItsColumns) {
  CollectingSink sink;
  const MappingResult result = load_mapping(kMapping, "m.yaml", sink.policy);
  ASSERT_TRUE(result.mapping.has_value());
  const auto source = make_csv_source(sink.policy, &*result.mapping, test_defaults(), sink);
  // Fax may be missing, since it is ignored; Tel may not; Frist is unknown.
  EXPECT_TRUE(source->feed("Id;Frist;Land;Updated\n7;a;b;c\n").has_error());
  std::set<std::string> fields;
  for (const RowError& error : sink.errors) {
    fields.insert(error.field);
  }
  EXPECT_EQ(fields, (std::set<std::string>{"First", "Frist", "Tel"}));
  EXPECT_TRUE(sink.rows.empty());
}

TEST(ImportMapping, NamesFaultsAtTheirPlace) {
  EXPECT_EQ(
      first_finding("identifiers: {account_id: Id}\nfields:\n  first_nam: First\n"),
      "m.yaml:3:3: error: unknown field `first_nam` [unknown-field]; did you mean `first_name`");
  EXPECT_NE(first_finding("identifier: {account_id: Id}\n").find("did you mean `identifiers`"),
            std::string::npos);
  EXPECT_NE(first_finding("identifiers: {mail: Id}\n").find("m.yaml:1:15"), std::string::npos);
  EXPECT_NE(first_finding("fields: {city: City}\n").find("missing-key"), std::string::npos);
  for (const char* bad : {
           "- a\n",
           "identifiers: [a]\n",
           "identifiers: {account_id: {column: a, value: b}}\n",
           "identifiers: {account_id: {if_invalid: drop}}\n",
           "identifiers: {account_id: {column: a, if_invalid: maybe}}\n",
           "identifiers: {account_id: {colum: a}}\n",
           "identifiers: {account_id: [a]}\n",
           "identifiers: {account_id: a}\nfields: {city: {column: b, as: country-name}}\n",
           "identifiers: {account_id: a}\nfields: {country: {column: b, as: city-name}}\n",
           "identifiers: {account_id: a}\ndelimiter: ab\n",
           "identifiers: {account_id: a}\ndelimiter: x\n",
           "identifiers: {account_id: a}\nsource: a b\n",
           "identifiers: {account_id: a}\ncollected_at: soon\n",
           "identifiers: {account_id: a}\nignore: a\n",
           "identifiers: {account_id: no}\n",
           "identifiers: {account_id: a}\nidentifiers: {account_id: a}\n",
           "identifiers: {account_id: a",
           "",
       }) {
    EXPECT_NE(first_finding(bad), "") << bad;
  }
}

TEST(CountryNames, KnowsNamesAndCodes) {
  const std::pair<const char*, const char*> cases[] = {{"Brazil", "BR"},
                                                       {"germany", "DE"},
                                                       {"USA", "US"},
                                                       {"United Kingdom", "GB"},
                                                       {"UK", "GB"},
                                                       {"Czech Republic", "CZ"},
                                                       {"Czechia", "CZ"},
                                                       {"fr", "FR"},
                                                       {"DEU", "DE"},
                                                       {" Ireland ", "IE"},
                                                       {"Bosnia and Herzegovina", "BA"},
                                                       {"Côte d’Ivoire", "CI"},
                                                       {"TÜRKIYE", "TR"}};
  for (const auto& [name, code] : cases) {
    EXPECT_EQ(country_code_of(name), std::optional<std::string>(code)) << name;
  }
  EXPECT_EQ(country_code_of(""), std::nullopt);
  EXPECT_EQ(country_code_of("Atlantis"), std::nullopt);
  EXPECT_EQ(country_code_of("ZZ"), std::nullopt);
  EXPECT_EQ(country_code_of(std::string(200, 'a')), std::nullopt);
}

}  // namespace
}  // namespace fieldgate::importing
