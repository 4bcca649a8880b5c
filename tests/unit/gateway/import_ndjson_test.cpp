#include "tests/unit/gateway/import_test_policy.h"

#include "gateway/http/json.h"
#include "gateway/import/person_json.h"
#include "gateway/import/row_source.h"

#include <gtest/gtest.h>

namespace fieldgate::importing {
namespace {

Result<void> read_ndjson(CollectingSink& sink, std::string_view text, std::size_t size = 1 << 20,
                         const Mapping* mapping = nullptr) {
  const auto source = make_ndjson_source(sink.policy, mapping, test_defaults(), sink);
  while (!text.empty()) {
    const std::string piece(text.substr(0, size));
    FIELDGATE_CHECK_OK(source->feed(piece));
    text.remove_prefix(piece.size());
  }
  return source->finish();
}

// The one error of a line; fails when the line is good.
RowError bad_line(std::string_view line) {
  CollectingSink sink;
  EXPECT_TRUE(read_ndjson(sink, line).has_value());
  EXPECT_TRUE(sink.rows.empty()) << line;
  EXPECT_EQ(sink.errors.size(), 1U) << line;
  return sink.errors.empty() ? RowError{} : sink.errors.front();
}

constexpr std::string_view kGood =
    R"({"identifiers":[{"type":"email","value":"Ada@Example.com"},{"type":"phone","value":"020 7946 0123"}],)"
    R"("fields":{"first_name":{"value":"Ada","source":"web","collected_at":"2026-10-01T09:00:00Z"},)"
    R"("favourite_genres":{"value":["crime"]},"country":{"value":"GB"}}})";

TEST(NdjsonImport, ReadsBodiesOfPatch) {
  for (const std::size_t size : {1U, 7U, 100'000U}) {
    CollectingSink sink;
    const std::string text =
        "\xEF\xBB\xBF" + std::string(kGood) + "\r\n\n  \n" + std::string(kGood);
    ASSERT_TRUE(read_ndjson(sink, text, size).has_value());
    ASSERT_TRUE(sink.errors.empty()) << sink.errors[0].message;
    ASSERT_EQ(sink.rows.size(), 2U);
    EXPECT_EQ(sink.rows[0].line, 1U);
    EXPECT_EQ(sink.rows[1].line, 4U);
    const std::vector<PersonIdentifier> expected{{IdentifierType::kEmail, "ada@example.com"},
                                                 {IdentifierType::kPhone, "+442079460123"}};
    EXPECT_EQ(sink.rows[0].identifiers, expected);
    EXPECT_EQ(sink.value(0, "first_name"), "Ada");
    EXPECT_EQ(sink.value(0, "favourite_genres"), R"(["crime"])");
    for (const PersonField& field : sink.rows[0].fields) {
      const bool named = field.field == sink.policy.field("first_name");
      EXPECT_EQ(field.source, named ? "web" : "import");
      EXPECT_EQ(field.collected_at,
                named ? *parse_rfc3339("2026-10-01T09:00:00Z") : test_defaults().now);
    }
  }
}

TEST(NdjsonImport, ReadsFlatObjects) {
  CollectingSink sink;
  ASSERT_TRUE(read_ndjson(sink,
                          R"({"account_id":7,"email":"a@example.com","first_name":"Ada",)"
                          R"("lifetime_value":12.5,"newsletter_seen":true,"city":"","phone":null})")
                  .has_value());
  ASSERT_EQ(sink.rows.size(), 1U) << (sink.errors.empty() ? "" : sink.errors[0].message);
  const PersonIdentifier account{IdentifierType::kAccountId, "7"};
  EXPECT_EQ(sink.rows[0].identifiers.size(), 2U);
  EXPECT_TRUE(sink.rows[0].identifiers[0] == account || sink.rows[0].identifiers[1] == account);
  EXPECT_EQ(sink.value(0, "email"), "a@example.com");
  EXPECT_EQ(sink.value(0, "lifetime_value"), "12.5");
  EXPECT_EQ(sink.value(0, "newsletter_seen"), "true");
  EXPECT_EQ(sink.rows[0].fields.size(), 4U);
}

TEST(NdjsonImport, ReportsEachBadLineAndReadsOn) {
  CollectingSink sink;
  const std::string text =
      "{\"account_id\":\"1\"}\nnot json\n{\"account_id\":\"2\",\"account_id\":\"3\"}\n"
      "[]\n{\"account_id\":\"4\"}\n{\"account_id\":";
  ASSERT_TRUE(read_ndjson(sink, text).has_value());
  ASSERT_EQ(sink.rows.size(), 2U);
  EXPECT_EQ(sink.rows[1].line, 5U);
  ASSERT_EQ(sink.errors.size(), 4U);
  EXPECT_EQ(sink.errors[0].line, 2U);
  EXPECT_EQ(sink.errors[1].line, 3U);
  EXPECT_EQ(sink.errors[2].line, 4U);
  EXPECT_EQ(sink.errors[3].line, 6U);
}

TEST(NdjsonImport, BoundsTheLine) {
  for (const std::size_t extra : {0U, 1U}) {
    const std::string filler(
        kMaxRowBytes - std::string_view(R"({"account_id":"1"})").size() + extra, ' ');
    for (const std::size_t size : {4096U, 1U << 22}) {
      CollectingSink sink;
      ASSERT_TRUE(
          read_ndjson(sink, R"({"account_id":"1")" + filler + "}\n{\"account_id\":\"2\"}\n", size)
              .has_value());
      EXPECT_EQ(sink.rows.size(), 2U - extra);
      EXPECT_EQ(sink.errors.size(), extra);
      EXPECT_EQ(sink.rows.back().line, 2U);
    }
  }
}

TEST(NdjsonImport, NamesWhatIsWrong) {
  EXPECT_EQ(bad_line(R"({"identifiers":[]})").field, "identifiers");
  EXPECT_EQ(bad_line(R"({"fields":{}})").field, "identifiers");
  EXPECT_EQ(bad_line(R"({"identifiers":{"type":"email"}})").field, "identifiers");
  EXPECT_EQ(bad_line(R"({"identifiers":[{"type":"email"}]})").field, "identifiers");
  EXPECT_EQ(bad_line(R"({"identifiers":[{"type":"passport","value":"1"}]})").field, "identifiers");
  EXPECT_EQ(bad_line(R"({"identifiers":[{"type":"email","value":7}]})").field, "identifiers");
  EXPECT_EQ(bad_line(R"({"identifiers":[{"type":"email","value":""}]})").field, "email");
  EXPECT_EQ(bad_line(R"({"identifiers":[{"type":"email","value":"x"}]})").field, "email");
  EXPECT_EQ(bad_line(R"({"identifiers":[{"type":"account_id","value":"1","x":1}]})").field,
            "identifiers");
  const std::string good_id = R"({"identifiers":[{"type":"account_id","value":"1"}],)";
  const RowError unknown = bad_line(good_id + R"("fields":{"first_nam":{"value":"A"}}})");
  EXPECT_EQ(unknown.field, "first_nam");
  EXPECT_NE(unknown.message.find("did you mean `first_name`"), std::string::npos);
  EXPECT_EQ(bad_line(good_id + R"("fields":{"first_name":"A"}})").field, "first_name");
  EXPECT_EQ(bad_line(good_id + R"("fields":{"first_name":{"value":null}}})").field, "first_name");
  EXPECT_EQ(bad_line(good_id + R"("fields":{"first_name":{"value":""}}})").field, "first_name");
  EXPECT_EQ(bad_line(good_id + R"("fields":{"first_name":{"value":"A","by":"B"}}})").field,
            "first_name");
  EXPECT_EQ(bad_line(good_id + R"("fields":{"birth_date":{"value":"1990"}}})").field, "birth_date");
  EXPECT_EQ(bad_line(good_id + R"("fields":{"city":{"value":"A","source":"a b"}}})").field,
            "source");
  EXPECT_EQ(bad_line(good_id + R"("fields":{"city":{"value":"A","collected_at":7.5}}})").field,
            "collected_at");
  EXPECT_EQ(bad_line(good_id + R"("fields":[]})").field, "fields");
  EXPECT_EQ(bad_line(good_id + R"("field":{}})").field, "");
  EXPECT_NE(bad_line(good_id + R"("field":{}})").message.find("did you mean `fields`"),
            std::string::npos);
  EXPECT_NE(bad_line(R"({"account_id":"1","citi":"A"})").message.find("did you mean `city`"),
            std::string::npos);
  EXPECT_EQ(bad_line(R"({"account_id":"1","ada@example.com":"A"})").message.find("ada@"),
            std::string::npos);
}

TEST(NdjsonImport, BoundsTheIdentifiers) {
  for (const std::size_t count : {kMaxIdentifiersPerPerson, kMaxIdentifiersPerPerson + 1}) {
    std::string line = R"({"identifiers":[)";
    for (std::size_t i = 0; i < count; ++i) {
      line +=
          (i == 0 ? "" : ",") + (R"({"type":"account_id","value":")" + std::to_string(i) + "\"}");
    }
    CollectingSink sink;
    ASSERT_TRUE(read_ndjson(sink, line + "]}").has_value());
    EXPECT_EQ(sink.rows.size(), count == kMaxIdentifiersPerPerson ? 1U : 0U);
  }
}

TEST(NdjsonImport, CountsAnIdentifierOnce) {
  CollectingSink sink;
  ASSERT_TRUE(read_ndjson(sink, R"({"identifiers":[{"type":"email","value":"a@example.com"},)"
                                R"({"type":"email","value":"A@EXAMPLE.COM"}]})")
                  .has_value());
  ASSERT_EQ(sink.rows.size(), 1U);
  EXPECT_EQ(sink.rows[0].identifiers.size(), 1U);
}

TEST(PersonJson, IsWhatTheApiReads) {
  const TestPolicy policy;
  const auto body = http::parse_json(kGood);
  RowError error;
  const auto row = read_person_json(policy, test_defaults(), *body, 1, error);
  ASSERT_TRUE(row.has_value()) << error.message;
  EXPECT_EQ(row->identifiers.size(), 2U);
  EXPECT_FALSE(read_person_json(policy, test_defaults(), boost::json::value(7), 1, error));
  EXPECT_FALSE(error.message.empty());
}

}  // namespace
}  // namespace fieldgate::importing
