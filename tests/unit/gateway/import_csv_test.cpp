#include "tests/unit/gateway/import_test_policy.h"

#include "gateway/import/row_source.h"

#include <fieldgate/crypto/sealed_field.h>

#include <gtest/gtest.h>

#include <sstream>

namespace fieldgate::importing {
namespace {

// Reads a text in pieces of `size` bytes and says how it ended.
Result<void> read_csv(CollectingSink& sink, std::string_view text, std::size_t size = 1 << 20,
                      const Mapping* mapping = nullptr, ImportDefaults defaults = test_defaults()) {
  const auto source = make_csv_source(sink.policy, mapping, std::move(defaults), sink);
  while (!text.empty()) {
    const std::string piece(text.substr(0, size));  // a copy of its own: sanitizers see overreads
    FIELDGATE_CHECK_OK(source->feed(piece));
    text.remove_prefix(piece.size());
  }
  return source->finish();
}

bool mentions(const RowError& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

// A file that is refused as a whole; its one finding.
RowError refused_file(std::string_view text) {
  CollectingSink sink;
  const auto done = read_csv(sink, text);
  EXPECT_TRUE(done.has_error());
  if (done.has_error()) {
    EXPECT_EQ(done.error().detail_code, "file-refused");
  }
  EXPECT_TRUE(sink.rows.empty());
  EXPECT_EQ(sink.errors.size(), 1U);
  return sink.errors.empty() ? RowError{} : sink.errors.front();
}

TEST(CsvImport, ReadsColumnsByTheirNames) {
  CollectingSink sink;
  ASSERT_TRUE(read_csv(sink,
                       "account_id,first_name,email,phone,country,favourite_genres,lifetime_value\n"
                       "A-1, Zoë ,Zoe@Example.org,020 7946 0123,gb,crime|poetry,12.50\n"
                       "A-2,\"O'Brien, \"\"Pat\"\"\",,,,,\n")
                  .has_value());
  ASSERT_EQ(sink.rows.size(), 2U) << sink.errors.size();
  EXPECT_EQ(sink.rows[0].line, 2U);
  const std::vector<PersonIdentifier> expected{{IdentifierType::kAccountId, "A-1"},
                                               {IdentifierType::kEmail, "zoe@example.org"},
                                               {IdentifierType::kPhone, "+442079460123"}};
  EXPECT_EQ(sink.rows[0].identifiers, expected);
  EXPECT_EQ(sink.value(0, "first_name"), "Zoë");
  EXPECT_EQ(sink.value(0, "email"), "zoe@example.org") << "a column is identifier and field";
  EXPECT_EQ(sink.value(0, "phone"), "+442079460123");
  EXPECT_EQ(sink.value(0, "country"), "GB");
  EXPECT_EQ(sink.value(0, "favourite_genres"), R"(["crime","poetry"])");
  EXPECT_EQ(sink.value(0, "lifetime_value"), "12.5");
  EXPECT_EQ(sink.rows[0].fields.front().source, "import");
  EXPECT_EQ(sink.rows[0].fields.front().collected_at, test_defaults().now);
  EXPECT_EQ(sink.value(1, "first_name"), "O'Brien, \"Pat\"");
  EXPECT_EQ(sink.rows[1].fields.size(), 1U) << "an empty cell is no value";
}

TEST(CsvImport, TellsTheSameInPiecesOfAnySize) {
  const std::string text =
      "\xEF\xBB\xBF"
      "account_id,first_name\r\n"
      "1,\"two\r\nlines\"\r\n"
      "\r\n"
      "2\r\n"
      "3,\"a \"\"b\"\"\"\r\n"
      "4,x\"y\r\n"
      "5,Ω";
  for (const std::size_t size : {1U, 2U, 3U, 5U, 7U, 1000U}) {
    CollectingSink sink;
    ASSERT_TRUE(read_csv(sink, text, size).has_value()) << size;
    ASSERT_EQ(sink.rows.size(), 3U) << size;
    EXPECT_EQ(sink.value(0, "first_name"), "two\r\nlines");
    EXPECT_EQ(sink.rows[0].line, 2U);
    EXPECT_EQ(sink.value(1, "first_name"), "a \"b\"");
    EXPECT_EQ(sink.rows[1].line, 6U) << "physical lines count, also in quotes and blank ones";
    EXPECT_EQ(sink.rows[2].line, 8U);
    EXPECT_EQ(sink.value(2, "first_name"), "Ω");
    ASSERT_EQ(sink.errors.size(), 2U) << size;
    EXPECT_EQ(sink.errors[0].line, 5U);
    EXPECT_TRUE(mentions(sink.errors[0], "1 columns and the header 2"));
    EXPECT_EQ(sink.errors[1].line, 7U);
    EXPECT_TRUE(mentions(sink.errors[1], "quote"));
  }
}

TEST(CsvImport, ReportsEachBadRowAndReadsOn) {
  CollectingSink sink;
  const std::string nul("a\0b", 3);
  ASSERT_TRUE(read_csv(sink,
                       "account_id,email,phone,country,birth_date,lifetime_value,first_name\n"
                       "1,not-an-address,,,,,\n"  // 2
                       "2,,12,GB,,,\n"            // 3
                       "3,,,Brasil,,,\n"          // 4
                       "4,,,,31.12.1990,,\n"      // 5
                       "5,,,,,\"1,5\",\n"         // 6
                       "6,,,,,,Jos\xE9\n"         // 7
                       "7,,,,,," +
                           nul +
                           "\n"                         // 8
                           ",,,,,,Ada\n"                // 9
                           "8,a@example.com,,,,,Ada\n"  // 10
                           "9,x,1,ZZ,1,y,Ada\n"         // 11
                           "1,2,3,4,5,6,7,8\n")         // 12
                  .has_value());
  ASSERT_EQ(sink.rows.size(), 1U);
  EXPECT_EQ(sink.rows[0].line, 10U);
  ASSERT_EQ(sink.errors.size(), 10U);
  const char* fields[] = {"email",      "phone",      "country",     "birth_date", "lifetime_value",
                          "first_name", "first_name", "identifiers", "country",    ""};
  const std::size_t lines[] = {2, 3, 4, 5, 6, 7, 8, 9, 11, 12};
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(sink.errors[i].line, lines[i]);
    EXPECT_EQ(sink.errors[i].field, fields[i]) << lines[i];
  }
  EXPECT_TRUE(mentions(sink.errors[5], "UTF-8"));
  EXPECT_TRUE(mentions(sink.errors[8], "also `email`")) << "one error tells every fault of a row";
  EXPECT_TRUE(mentions(sink.errors[8], "also `birth_date`"));
  for (const RowError& error : sink.errors) {
    EXPECT_EQ(error.message.find("not-an-address"), std::string::npos);
    EXPECT_EQ(error.message.find("Brasil"), std::string::npos);
  }
}

TEST(CsvImport, RefusesAFileWithABadHeader) {
  EXPECT_TRUE(mentions(refused_file("account_id,emall\n1,a\n"), "did you mean `email`"));
  EXPECT_EQ(refused_file("account_id,emall\n1,a\n").field, "emall");
  EXPECT_TRUE(mentions(refused_file("account_id,first_name,account_id\n"), "earlier"));
  EXPECT_TRUE(mentions(refused_file("first_name,city\nAda,Leeds\n"), "no column is an identifier"));
  EXPECT_TRUE(mentions(refused_file("account_id;first_name\n1;Ada\n"), "separated by `,`"));
  EXPECT_TRUE(mentions(refused_file(""), "empty"));
  EXPECT_TRUE(mentions(refused_file("\xEF\xBB\xBF"), "empty"));
  EXPECT_TRUE(mentions(refused_file(std::string("\xFF\xFE"
                                                "a\0c\0",
                                                6)),
                       "UTF-16"));
  EXPECT_TRUE(mentions(refused_file("account_id,\"first"), "never closed"));
  EXPECT_TRUE(mentions(refused_file("account_id,\"first\"name\n1,2\n"), "quote"));
  EXPECT_EQ(refused_file("account_id,\n1,2\n").field, "column 2");
}

TEST(CsvImport, DoesNotRepeatValuesOfAFileWithoutHeader) {
  const RowError error = refused_file("Ada,ada@example.com,Leeds\nBob,bob@example.com,York\n");
  EXPECT_EQ(error.message.find("ada@"), std::string::npos);
  EXPECT_TRUE(mentions(error, "header line"));
  const RowError mixed = refused_file("account_id,ada@example.com\n");
  EXPECT_EQ(mixed.field, "column 2");
  EXPECT_EQ(mixed.message.find("ada@"), std::string::npos);
}

TEST(CsvImport, FindsTheLineOfAnOpenQuote) {
  CollectingSink sink;
  ASSERT_TRUE(read_csv(sink, "account_id,first_name\n1,a\n2,\"b\n3,c\n4,d\n").has_value());
  EXPECT_EQ(sink.rows.size(), 1U);
  ASSERT_EQ(sink.errors.size(), 1U);
  EXPECT_EQ(sink.errors[0].line, 3U);
  EXPECT_TRUE(mentions(sink.errors[0], "never closed"));

  CollectingSink closed_later;
  ASSERT_TRUE(
      read_csv(closed_later, "account_id,first_name\n1,a\n2,\"b\n3,\"c\"\n4,d\n").has_value());
  ASSERT_EQ(closed_later.errors.size(), 1U);
  EXPECT_EQ(closed_later.errors[0].line, 3U);
  EXPECT_TRUE(mentions(closed_later.errors[0], "lines 3 to 4"));
  ASSERT_EQ(closed_later.rows.size(), 2U);
  EXPECT_EQ(closed_later.rows[1].line, 5U) << "the rows after it are read";
}

TEST(CsvImport, BoundsRowsAndCells) {
  CollectingSink sink;
  const std::string cell(crypto::kMaxFieldBytes, 'x');
  ASSERT_TRUE(
      read_csv(sink, "account_id,first_name\n1," + cell + "\n2," + cell + "x\n").has_value());
  ASSERT_EQ(sink.rows.size(), 1U);
  ASSERT_EQ(sink.errors.size(), 1U);
  EXPECT_EQ(sink.errors[0].line, 3U);

  // At the limit a row is still read as a row (its cell is too long then); beyond, it is skipped
  // to its true end, line breaks in quotes included.
  const std::string head = "account_id,first_name\n";
  for (const std::size_t extra : {0U, 1U}) {
    CollectingSink long_rows;
    const std::string row = "1,\"\n" + std::string(kMaxRowBytes - 6 + extra, 'x') + "\"\n";
    ASSERT_EQ(row.size(), kMaxRowBytes + extra);
    for (const std::size_t size : {1000U, 1U << 22}) {
      CollectingSink again;
      ASSERT_TRUE(read_csv(again, head + row + "2,b\n", size).has_value());
      ASSERT_EQ(again.rows.size(), 1U);
      EXPECT_EQ(again.rows[0].line, 4U);
      ASSERT_EQ(again.errors.size(), 1U);
      EXPECT_EQ(again.errors[0].line, 2U);
      EXPECT_EQ(mentions(again.errors[0], "the row is longer"), extra == 1);
    }
  }
}

TEST(CsvImport, BoundsColumns) {
  std::string header = "account_id";
  for (std::size_t i = 1; i < kMaxColumns + 1; ++i) {
    header += ",c" + std::to_string(i);
  }
  EXPECT_TRUE(mentions(refused_file(header + "\n"), "columns"));
}

TEST(CsvImport, ReadsPhonesByTheRowsCountry) {
  CollectingSink sink;
  ImportDefaults defaults = test_defaults();
  defaults.country = "DE";
  ASSERT_TRUE(
      read_csv(
          sink,
          "account_id,phone,country\n1,030 23125 001,\n2,020 7946 0123,GB\n3,+33199001234,GB\n",
          100, nullptr, defaults)
          .has_value());
  ASSERT_EQ(sink.rows.size(), 3U);
  EXPECT_EQ(sink.value(0, "phone"), "+493023125001");
  EXPECT_EQ(sink.value(1, "phone"), "+442079460123");
  EXPECT_EQ(sink.value(2, "phone"), "+33199001234");
}

TEST(CsvImport, TakesSourceAndTimeFromTheRow) {
  CollectingSink sink;
  ASSERT_TRUE(read_csv(sink,
                       "account_id,city,source,collected_at\n"
                       "1,Leeds,web-form,2025-03-01T08:00:00+01:00\n"
                       "2,Leeds,,2025-03-01\n"
                       "3,Leeds,,2026-11-02T12:05:00Z\n"
                       "4,Leeds,,2026-11-02T12:05:01Z\n"
                       "5,Leeds,,yesterday\n"
                       "6,Leeds,from Ada,\n")
                  .has_value());
  ASSERT_EQ(sink.rows.size(), 3U);
  EXPECT_EQ(sink.rows[0].fields[0].source, "web-form");
  EXPECT_EQ(sink.rows[0].fields[0].collected_at, *parse_rfc3339("2025-03-01T07:00:00Z"));
  EXPECT_EQ(sink.rows[1].fields[0].collected_at, *parse_rfc3339("2025-03-01T00:00:00Z"));
  ASSERT_EQ(sink.errors.size(), 3U);
  EXPECT_EQ(sink.errors[0].line, 5U) << "a value from the future would outlive its retention";
  EXPECT_EQ(sink.errors[2].field, "source");
}

TEST(CsvImport, CountsALoneCarriageReturnInAnyPieces) {
  for (const std::size_t size : {1U, 2U, 3U, 1000U}) {
    CollectingSink sink;
    ASSERT_TRUE(read_csv(sink, "account_id,city\n1,\"x\ry\"\n2,b\n", size).has_value());
    ASSERT_EQ(sink.rows.size(), 2U);
    EXPECT_EQ(sink.rows[1].line, 4U) << size;
  }
}

TEST(CsvImport, EndsWhenTheSinkFails) {
  CollectingSink sink;
  sink.refuse_after = 1;
  const auto done = read_csv(sink, "account_id\n1\n2\n3\n");
  ASSERT_TRUE(done.has_error());
  EXPECT_EQ(done.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(sink.rows.size(), 1U);
}

TEST(CsvImport, ReadsAStream) {
  std::string text = "account_id,city\n";
  for (int i = 0; i < 20'000; ++i) {
    text += std::to_string(i) + ",Leeds\n";
  }
  std::istringstream in(text);
  CollectingSink sink;
  const auto source = make_csv_source(sink.policy, nullptr, test_defaults(), sink);
  ASSERT_TRUE(read_all(in, *source).has_value());
  EXPECT_EQ(sink.rows.size(), 20'000U);
  EXPECT_EQ(sink.rows.back().line, 20'001U);
}

TEST(CsvImport, TakesAnyLineEnd) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    CollectingSink sink;
    const std::string line(end);
    ASSERT_TRUE(
        read_csv(sink, "account_id" + line + "1" + line + line + "2" + line, 1).has_value());
    ASSERT_EQ(sink.rows.size(), 2U);
    EXPECT_EQ(sink.rows[0].line, 2U);
    EXPECT_EQ(sink.rows[1].line, 4U);
  }
}

}  // namespace
}  // namespace fieldgate::importing
