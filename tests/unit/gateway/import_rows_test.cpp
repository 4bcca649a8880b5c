// How much of an import is held at once, and how much of it is told.
#include "gateway/write/import_rows.h"

#include "gateway/http/json.h"
#include "gateway/import/person_json.h"
#include "gateway/import/row_source.h"
#include "tests/unit/gateway/import_test_policy.h"

#include <gtest/gtest.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <sstream>

namespace fieldgate::write {
namespace {

ProblemList lines(std::size_t first, std::size_t count, std::size_t step = 1) {
  ProblemList list;
  for (std::size_t i = 0; i < count; ++i) {
    list.add({first + i * step, "email", "bad"});
  }
  return list;
}

TEST(ProblemLists, ListTheFirstThousandAndCountTheRest) {
  ProblemList list = lines(1, kMaxListedProblems);
  EXPECT_EQ(list.listed().size(), 1000U);
  EXPECT_EQ(list.not_listed(), 0U);
  list.add({1001, {}, "bad"});
  EXPECT_EQ(list.listed().size(), 1000U);
  EXPECT_EQ(list.listed().back().line, 1000U);
  EXPECT_EQ(list.size(), 1001U);
  EXPECT_EQ(list.not_listed(), 1U);
}

TEST(ProblemLists, MergedKeepTheFirstByLineOfBoth) {
  ProblemList odd = lines(1, 1500, 2);
  odd.merge(lines(2, 700, 2));
  ASSERT_EQ(odd.listed().size(), kMaxListedProblems);
  for (std::size_t i = 0; i < kMaxListedProblems; ++i) {
    ASSERT_EQ(odd.listed()[i].line, i + 1);
  }
  EXPECT_EQ(odd.size(), 2200U);
  EXPECT_EQ(odd.not_listed(), 1200U);
  ProblemList none;
  none.merge(ProblemList{});
  EXPECT_EQ(none.size(), 0U);
}

TEST(ProblemLists, AreToldInTheReport) {
  ImportReport report;
  report.rejected = lines(1, kMaxListedProblems + 3);
  report.dropped = lines(1, 2);
  const auto json = http::parse_json(open_report_json(report) + '}');
  ASSERT_TRUE(json.has_value()) << json.error().message;
  EXPECT_EQ(json->at("rejected").as_array().size(), kMaxListedProblems);
  EXPECT_EQ(json->at("dropped").as_array().size(), 2U);
  EXPECT_EQ(json->at("problems_not_listed").at("rejected"), 3);
  EXPECT_EQ(json->at("problems_not_listed").at("dropped"), 0);
}

// A row of so many bytes as the buffer counts them.
importing::PersonRow row_of(std::size_t bytes) {
  importing::PersonRow row;
  row.fields.push_back({0, {}, {}, {}});
  row.fields[0].plaintext.assign(bytes - bytes_held(row), 'x');
  EXPECT_EQ(bytes_held(row), bytes);
  return row;
}

TEST(RowBuffers, AreDueByTheirRowsAndByTheirBytes) {
  RowBuffer few;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(few.on_row(row_of(1000)).has_value());
  }
  EXPECT_FALSE(few.is_due(3));
  ASSERT_TRUE(few.on_row(row_of(1000)).has_value());
  EXPECT_TRUE(few.is_due(3));

  RowBuffer large;
  ASSERT_TRUE(large.on_row(row_of(kMaxRowBytesHeld / 2)).has_value());
  ASSERT_TRUE(large.on_row(row_of(kMaxRowBytesHeld / 2 - 1001)).has_value());
  EXPECT_FALSE(large.is_due(kRowsAlone));
  RowBuffer one_below = large;
  ASSERT_TRUE(one_below.on_row(row_of(1000)).has_value());
  EXPECT_FALSE(one_below.is_due(kRowsAlone)) << "a byte is left";
  ASSERT_TRUE(large.on_row(row_of(1001)).has_value());
  EXPECT_TRUE(large.is_due(kRowsAlone));
  EXPECT_EQ(large.take_rows().size(), 3U);
  EXPECT_FALSE(large.is_due(kRowsAlone));
  EXPECT_TRUE(large.rows().empty());
}

TEST(RowBuffers, KeepNoMoreProblemsThanAreListed) {
  const importing::TestPolicy policy;
  RowBuffer buffer;
  const auto source =
      importing::make_ndjson_source(policy, nullptr, importing::test_defaults(), buffer);
  std::string text;
  for (std::size_t i = 0; i < kMaxListedProblems + 1; ++i) {
    text += "x\n";
  }
  ASSERT_TRUE(source->feed(text).has_value());
  EXPECT_EQ(buffer.errors.listed().size(), kMaxListedProblems);
  EXPECT_EQ(buffer.errors.size(), kMaxListedProblems + 1);
}

std::string message_of(std::size_t unknown_members, bool flat) {
  const importing::TestPolicy policy;
  std::string members;
  for (std::size_t i = 0; i < unknown_members; ++i) {
    members += (i == 0 ? "\"unknown" : ",\"unknown") + std::string(1, static_cast<char>('a' + i)) +
               "\":{\"value\":1}";
  }
  const auto body = http::parse_json(
      flat ? '{' + members + '}'
           : R"({"identifiers":[{"type":"account_id","value":"A-1"}],"fields":{)" + members + "}}");
  EXPECT_TRUE(body.has_value());
  importing::RowError error;
  if (!flat) {
    EXPECT_FALSE(importing::read_person_json(policy, importing::test_defaults(), *body, 1, error));
    return error.message;
  }
  RowBuffer buffer;
  const auto source =
      importing::make_ndjson_source(policy, nullptr, importing::test_defaults(), buffer);
  EXPECT_TRUE(source->feed('{' + members + "}\n").has_value());
  EXPECT_EQ(buffer.errors.size(), 1U);
  return buffer.errors.listed().at(0).message;
}

TEST(RowErrors, TellSixteenFaultsAndSayThatThereAreMore) {
  for (const bool flat : {false, true}) {
    const std::string full = message_of(importing::kMaxFaultsTold, flat);
    EXPECT_NE(full.find("unknownp"), std::string::npos) << full;
    EXPECT_EQ(full.find("and more"), std::string::npos) << full;
    const std::string cut = message_of(importing::kMaxFaultsTold + 1, flat);
    EXPECT_EQ(cut, full + "; and more");
    EXPECT_EQ(message_of(importing::kMaxFaultsTold + 9, flat), cut);
  }
}

}  // namespace
}  // namespace fieldgate::write
