#include <fieldgate/base/time.h>

#include <gtest/gtest.h>

#include <random>

namespace fieldgate {
namespace {

using std::chrono::microseconds;

// Microseconds since 1970, or -1 for what does not parse.
std::int64_t micros(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? time->time_since_epoch().count() : -1;
}

TEST(Time, ParsesDateTimes) {
  EXPECT_EQ(micros("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(micros("1970-01-01T00:00:01.5Z"), 1'500'000);
  EXPECT_EQ(micros("2026-11-02T12:00:00Z"), 1'793'620'800'000'000);
  EXPECT_EQ(micros("2026-11-02T12:00:00z"), micros("2026-11-02t12:00:00Z"));
  EXPECT_EQ(micros("2026-11-02T14:30:00+02:30"), micros("2026-11-02T12:00:00Z"));
  EXPECT_EQ(micros("2026-11-02T00:00:00-12:00"), micros("2026-11-02T12:00:00Z"));
  EXPECT_EQ(micros("2026-11-02T12:00:00-00:00"), micros("2026-11-02T12:00:00Z"));
  EXPECT_EQ(micros("1970-01-01T00:00:00.123456Z"), 123'456);
  EXPECT_EQ(micros("1970-01-01T00:00:00.123456999Z"), 123'456) << "finer parts are cut";
  EXPECT_EQ(micros("1970-01-01T00:00:00.1Z"), 100'000);
  EXPECT_EQ(micros("1970-01-01T00:00:00." + std::string(500, '9') + "Z"), 999'999);
  EXPECT_EQ(micros("2024-02-29T00:00:00Z") - micros("2024-02-28T00:00:00Z"), 86'400'000'000);
}

TEST(Time, ALeapSecondIsTheLastOne) {
  EXPECT_EQ(micros("2016-12-31T23:59:60Z"), micros("2016-12-31T23:59:59Z"));
  EXPECT_EQ(micros("2016-12-31T23:59:61Z"), -1);
}

TEST(Time, RefusesOtherTexts) {
  for (const char* text : {"",
                           "2026",
                           "2026-11-02",
                           "2026-11-02T12:00:00",
                           "2026-11-02 12:00:00Z",
                           "2026-11-02T12:00Z",
                           "2026-11-02T12:00:00,5Z",
                           "2026-11-02T12:00:00.Z",
                           "2026-13-02T12:00:00Z",
                           "2026-00-02T12:00:00Z",
                           "2026-02-30T12:00:00Z",
                           "2025-02-29T12:00:00Z",
                           "1900-02-29T12:00:00Z",
                           "2026-11-02T24:00:00Z",
                           "2026-11-02T12:60:00Z",
                           "2026-11-02T12:00:00+24:00",
                           "2026-11-02T12:00:00+02:60",
                           "2026-11-02T12:00:00+0200",
                           "2026-11-02T12:00:00+02",
                           "2026-11-02T12:00:00ZZ",
                           "2026-11-02T12:00:00Z ",
                           " 2026-11-02T12:00:00Z",
                           "2026/11/02T12:00:00Z",
                           "+026-11-02T12:00:00Z",
                           "2026-11-02T1a:00:00Z",
                           "1899-12-31T23:59:59Z",
                           "0000-01-01T00:00:00Z",
                           "-2026-11-02T12:00:00Z",
                           "2026-11-02T-1:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_rfc3339(std::string_view("2026-11-02T12:00:00\0", 20)).has_value());
  EXPECT_TRUE(parse_rfc3339("1900-01-01T00:00:00Z").has_value());
  EXPECT_TRUE(parse_rfc3339("9999-12-31T23:59:59Z").has_value());
}

TEST(Time, Formats) {
  const UtcTime time = *parse_rfc3339("2026-11-02T03:04:05.000678Z");
  EXPECT_EQ(format_rfc3339(time), "2026-11-02T03:04:05Z");
  EXPECT_EQ(format_rfc3339_micros(time), "2026-11-02T03:04:05.000678Z");
  EXPECT_EQ(format_rfc3339_micros(UtcTime{}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_rfc3339(UtcTime{microseconds{-1}}), "1969-12-31T23:59:59Z");
}

TEST(Time, FormattingAndParsingAgree) {
  std::mt19937_64 random(1);
  const std::int64_t first = parse_rfc3339("1900-01-01T00:00:00Z")->time_since_epoch().count();
  const std::int64_t last = parse_rfc3339("9999-12-31T23:59:59Z")->time_since_epoch().count();
  std::uniform_int_distribution<std::int64_t> pick(first, last);
  for (int i = 0; i < 20'000; ++i) {
    const UtcTime time{microseconds{pick(random)}};
    const std::string text = format_rfc3339_micros(time);
    ASSERT_EQ(text.size(), 27U);
    ASSERT_EQ(parse_rfc3339(text), time) << text;
  }
}

TEST(Date, ParsesAndFormats) {
  for (const char* text : {"1800-01-01", "1815-12-10", "2024-02-29", "2000-02-29", "9999-12-31"}) {
    const auto date = parse_date(text);
    ASSERT_TRUE(date.has_value()) << text;
    EXPECT_EQ(format_date(*date), text);
  }
  for (const char* text :
       {"", "1799-12-31", "2023-02-29", "1900-02-29", "2026-11-31", "2026-1-1", "2026-11-02 ",
        "02-11-2026", "2026-00-10", "2026-10-00", "20261102", "2026-11-0x", "10000-01-01"}) {
    EXPECT_FALSE(parse_date(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace fieldgate
