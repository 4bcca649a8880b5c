#include <fieldgate/audit/record.h>

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <string_view>

namespace fieldgate::audit {
namespace {

UtcTime noon() {
  return UtcTime(std::chrono::microseconds(1'793'620'800'000'001));
}

TEST(Record, GoldenLine) {
  const std::array<FieldOutcome, 3> fields{{{"first_name", "keep"},
                                            {"birth_date", "generalise: year"},
                                            {"phone", "not-for-this-purpose"}}};
  const std::array<Byte, 4> tag{0xde, 0xad, 0xbe, 0xef};
  RecordFields record;
  record.id = "01J";
  record.time = noon();
  record.type = RecordType::kRead;
  record.decision = "partial";
  record.app = "web-shop";
  record.credential = "fg_ab12";
  record.purpose = "personalisation";
  record.basis = "consent";
  record.policy = "2026-11";
  record.policy_digest = "00ff";
  record.request_id = "q-1";
  record.subject_tag = tag;
  record.sealed = ByteView(tag).first(3);
  record.fields = fields;
  std::string line = "before ";
  ASSERT_TRUE(write_record(line, record).has_value());
  EXPECT_EQ(line,
            R"(before {"v":1,"id":"01J","time":"2026-11-02T12:00:00.000001Z","type":"read",)"
            R"("decision":"partial","app":"web-shop","credential":"fg_ab12",)"
            R"("purpose":"personalisation","basis":"consent","policy":"2026-11",)"
            R"("policy_digest":"00ff","request_id":"q-1","subject_tag":"3q2+7w==",)"
            R"("sealed":"3q2+","fields":{"first_name":"keep","birth_date":"generalise: year",)"
            R"("phone":"not-for-this-purpose"}})");
}

TEST(Record, AnEvaluationNamesItsDoorAndWhomItIsAbout) {
  const FieldOutcome fields[] = {{"birth_date", "decided:generalise:year"}};
  RecordFields record;
  record.id = "a";
  record.time = noon();
  record.type = RecordType::kSearch;
  record.door = "evaluation";
  record.decision = "allow";
  record.app = "api-gateway";
  record.about_app = "shop";
  record.fields = fields;
  std::string line;
  ASSERT_TRUE(write_record(line, record).has_value());
  EXPECT_EQ(line,
            R"({"v":1,"id":"a","time":"2026-11-02T12:00:00.000001Z","type":"search",)"
            R"("door":"evaluation","decision":"allow","app":"api-gateway","about_app":"shop",)"
            R"("fields":{"birth_date":"decided:generalise:year"}})");
}

TEST(Record, EmptyMembersAreLeftOut) {
  RecordFields record;
  record.id = "a";
  record.time = noon();
  record.type = RecordType::kRecovery;
  record.detail = "done";
  std::string line;
  ASSERT_TRUE(write_record(line, record).has_value());
  EXPECT_EQ(
      line,
      R"({"v":1,"id":"a","time":"2026-11-02T12:00:00.000001Z","type":"recovery","detail":"done"})");
}

std::string escaped(std::string_view text) {
  RecordFields record;
  record.time = noon();
  record.detail = text;
  std::string line;
  EXPECT_TRUE(write_record(line, record).has_value());
  const std::size_t at = line.find("\"detail\":\"") + 10;
  return line.substr(at, line.size() - at - 2);
}

TEST(Record, EscapesAndReplaces) {
  struct Case {
    std::string_view in;
    std::string_view out;
  };
  using namespace std::string_view_literals;
  const Case cases[] = {
      {"a\"b\\c", "a\\\"b\\\\c"},
      {"\n\r\t", "\\n\\r\\t"},
      {"\0\x1f\x7f"sv, "\\u0000\\u001f\x7f"},
      {"Zo\xc3\xab \xf0\x9f\x93\x9a", "Zo\xc3\xab \xf0\x9f\x93\x9a"},
      {"\xff", "\xef\xbf\xbd"},
      {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                  // overlong
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},  // surrogate
      {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xe2\x82", "\xef\xbf\xbd"},  // cut off: one maximal subpart
      {"\xe2\x82x", "\xef\xbf\xbdx"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(escaped(c.in), c.out);
  }
}

TEST(Record, LongestAndOneBeyond) {
  RecordFields record;
  record.time = noon();
  std::string line;
  record.detail = "x";
  ASSERT_TRUE(write_record(line, record).has_value());
  const std::string filler(kMaxRecordBytes - line.size() + 1, 'x');

  record.detail = filler;
  line = "kept";
  ASSERT_TRUE(write_record(line, record).has_value());
  EXPECT_EQ(line.size(), 4 + kMaxRecordBytes);

  const std::string longer = filler + "x";
  record.detail = longer;
  line = "kept";
  const Result<void> refused = write_record(line, record);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(line, "kept");
}

TEST(Record, EachTypeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(RecordType::kWrite); ++i) {
    names.insert(record_type_name(static_cast<RecordType>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(RecordType::kWrite) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace fieldgate::audit
