#include "gateway/http/json.h"

#include "gateway/http/problem.h"

#include <gtest/gtest.h>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::http {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

bool accepts(std::string_view text) {
  return !parse_json(text).has_error();
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Json, ReadsWhatRfc8259Allows) {
  const auto parsed = parse_json(
      R"({"a":[1,-2,18446744073709551615,0.1,1e3,true,false,null,"x\u00e9\ud83d\ude00\n"],"b":{}})");
  ASSERT_FALSE(parsed.has_error());
  const json::array& list = parsed->as_object().at("a").as_array();
  EXPECT_EQ(list[2].as_uint64(), 18446744073709551615U);
  EXPECT_EQ(list[3].as_double(), 0.1);
  EXPECT_EQ(list[4].as_double(), 1000.0);
  EXPECT_EQ(list[8].as_string(), "x\xC3\xA9\xF0\x9F\x98\x80\n");
  EXPECT_TRUE(accepts(" \r\n\t1 "));
}

TEST(Json, RefusesWithThePlace) {
  const auto broken = parse_json(R"({"a":1,})");
  ASSERT_TRUE(broken.has_error());
  EXPECT_EQ(broken.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(broken.error().message.rfind("json at byte 7: ", 0), 0U) << broken.error().message;
  EXPECT_NE(parse_json(R"([1] x)").error().message.find("byte 4"), std::string::npos);
  EXPECT_NE(parse_json("").error().message.find("byte 0"), std::string::npos);
  EXPECT_EQ(parse_json(R"({"secret-value)").error().message.find("secret"), std::string::npos);
}

TEST(Json, DuplicateKeys) {
  EXPECT_TRUE(accepts(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})"));
  for (const char* const text :
       {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"([{"x":{"":0,"":1}}])",
        R"({"a":1,"\u0061":2})", R"({"\u0061":1,"a":2})", R"({"\n":1,"\u000a":2})",
        R"({"a":1,"b":{"a":2,"c":3},"a":4})"}) {
    const auto parsed = parse_json(text);
    ASSERT_TRUE(parsed.has_error()) << text;
    EXPECT_NE(parsed.error().message.find("occurs twice"), std::string::npos);
  }
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) {
    many += "\"k" + std::to_string(i) + "\":0,";
  }
  EXPECT_TRUE(accepts(many + "\"k1000\":0}"));
  EXPECT_FALSE(accepts(many + "\"k500\":0}"));
  const std::string long_key(100'000, 'k');
  EXPECT_FALSE(accepts("{\"\\n" + long_key + "\":1,\"\\n" + long_key + "\":1}"));
  EXPECT_TRUE(accepts("{\"\\n" + long_key + "\":1,\"\\n" + long_key + "k\":1}"));
}

TEST(Json, NumbersKeepTheirValueOrAreRefused) {
  for (const char* const text :
       {"9223372036854775807", "-9223372036854775808", "18446744073709551615", "1.5", "-0.0", "0e5",
        "1e308", "5e-324", "12345678901234567e3", "0.10000000000000000", "123456.78901234567"}) {
    EXPECT_TRUE(accepts(text)) << text;
  }
  for (const char* const text :
       {"18446744073709551616", "-9223372036854775809", "1e309", "-1e400", "1e-400",
        "1.000000000000000005", "123456789012345678e1", "NaN", "Infinity", "-Infinity", "1e", "1.",
        "01", "+1", "-", "0x1", "1e99999999999"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
  // Exactly what the nearest double is, not what a fast conversion makes of it.
  EXPECT_EQ(parse_json("0.3").value().as_double(), 0.3);
  EXPECT_EQ(parse_json("1.7976931348623157e308").value().as_double(), 1.7976931348623157e308);
  EXPECT_EQ(parse_json("8.41e21").value().as_double(), 8.41e21);
}

TEST(Json, StringsAreTextWithoutNul) {
  EXPECT_FALSE(accepts("\"a\\u0000b\""));
  EXPECT_FALSE(accepts("{\"a\\u0000\":1}"));
  EXPECT_FALSE(accepts("[\"" + std::string(5000, 'x') + "\\u0000\"]"));
  EXPECT_TRUE(accepts(R"("\\u0000")")) << "an escaped backslash, then letters";
  EXPECT_FALSE(accepts(std::string_view("\"a\0b\"", 5)));
  EXPECT_FALSE(accepts(R"("\ud800")"));
  EXPECT_FALSE(accepts(R"("\udc00\ud800")"));
  EXPECT_FALSE(accepts(R"("\ud800x")"));
  EXPECT_FALSE(accepts("\"\xff\""));
  EXPECT_FALSE(accepts("\"\xc0\x80\""));
  EXPECT_FALSE(accepts("\"\xed\xa0\x80\""));
  EXPECT_FALSE(accepts("\xEF\xBB\xBF{}")) << "byte order mark";
  EXPECT_FALSE(accepts("\"\n\""));
}

TEST(Json, NestingAtTheLimitAndBeyond) {
  EXPECT_TRUE(accepts(nested(kMaxJsonDepth)));
  EXPECT_FALSE(accepts(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(accepts(std::string(1'000'000, '[')));
}

TEST(Json, TakesTheCallersStorage) {
  unsigned char room[4096];
  json::monotonic_resource storage(room, sizeof room);
  const auto parsed = parse_json(R"({"purpose":"personalisation"})", &storage);
  ASSERT_FALSE(parsed.has_error());
  EXPECT_EQ(parsed->storage().get(), &storage);
  EXPECT_EQ(parsed->as_object().at("purpose").storage().get(), &storage);
}

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, EscapesWhatMustBe) {
  EXPECT_EQ(as_json(""), "\"\"");
  EXPECT_EQ(as_json("plain text/with <b>"), "\"plain text/with <b>\"");
  EXPECT_EQ(as_json("a\"b\\c\n\r\t\x01\x1f\x7f"), "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\x7f\"");
  EXPECT_EQ(as_json(std::string_view("\0", 1)), "\"\\u0000\"");
  EXPECT_EQ(as_json("\xC3\xA9\xF0\x9F\x98\x80"), "\"\xC3\xA9\xF0\x9F\x98\x80\"");
}

TEST(JsonString, ReplacesInvalidUtf8) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(as_json("a\xff"
                    "b"),
            "\"a" + r + "b\"");
  EXPECT_EQ(as_json("\xE2\x82"), "\"" + r + "\"") << "a cut sequence is one replacement";
  EXPECT_EQ(as_json("\xE2\x82x"), "\"" + r + "x\"");
  EXPECT_EQ(as_json("\xED\xA0\x80"), "\"" + r + r + r + "\"");
  EXPECT_EQ(as_json("\xC0\xAF"), "\"" + r + r + "\"");
  EXPECT_EQ(as_json("\xF4\x90\x80\x80"), "\"" + r + r + r + r + "\"");
}

TEST(JsonString, RoundTripsEveryShortOctetPair) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const char pair[2] = {static_cast<char>(a), static_cast<char>(b)};
      const std::string text = as_json(std::string_view(pair, 2));
      boost::system::error_code ec;
      const json::value back = json::parse(text, ec);
      ASSERT_FALSE(ec) << a << " " << b;
      if (a < 0x80 && b < 0x80) {
        ASSERT_EQ(back.as_string(), std::string_view(pair, 2));
      }
    }
  }
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path vectors() {
  return fs::path(FIELDGATE_SHARED_DIR) / "vectors" / "json";
}

/// JSONTestSuite files that RFC 8259 allows and we refuse, each for a reason.
const std::map<std::string, const char*>& stricter() {
  static const std::map<std::string, const char*> files = {
      {"y_object_duplicated_key.json", "duplicate keys: two readers could pick different values"},
      {"y_object_duplicated_key_and_value.json", "duplicate keys"},
      {"y_string_null_escape.json", "U+0000 ends strings elsewhere"},
      {"y_object_escaped_null_in_key.json", "U+0000 ends strings elsewhere"},
  };
  return files;
}

TEST(JsonVectors, JsonTestSuite) {
  const fs::path folder = vectors() / "JSONTestSuite";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  int yes = 0;
  int no = 0;
  int either = 0;
  int either_accepted = 0;
  int deviations = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    if (file.path().extension() != ".json") {
      continue;
    }
    const bool accepted = accepts(read_file(file.path()));
    if (name.starts_with("y_")) {
      const bool deviates = stricter().count(name) == 1;
      EXPECT_EQ(accepted, !deviates) << name;
      deviations += deviates ? 1 : 0;
      ++yes;
    } else if (name.starts_with("n_")) {
      EXPECT_FALSE(accepted) << name;
      ++no;
    } else {
      either_accepted += accepted ? 1 : 0;
      ++either;
    }
  }
  std::printf("JSONTestSuite: %d y (%d refused on purpose), %d n refused, %d i (%d accepted)\n",
              yes, deviations, no, either, either_accepted);
  EXPECT_GT(yes, 0);
  EXPECT_GT(no, 0);
}

TEST(JsonVectors, TransformFilesMeanOneThingOrNothing) {
  const fs::path folder = vectors() / "JSONTestSuite_transform";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  // The rest differs between parsers in what it means, so that we refuse it.
  const std::vector<std::string> accepted = {
      "number_-9223372036854775808.json", "number_1.0.json",
      "number_1000000000000000.json",     "number_9223372036854775807.json",
      "number_9223372036854775808.json",  "number_10000000000000000999.json",
      "object_key_nfd_nfc.json"};
  int count = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    if (file.path().extension() != ".json") {
      continue;
    }
    const bool expected = std::find(accepted.begin(), accepted.end(), name) != accepted.end();
    EXPECT_EQ(accepts(read_file(file.path())), expected) << name;
    ++count;
  }
  std::printf("JSONTestSuite_transform: %d files\n", count);
}

TEST(JsonVectors, NaughtyStringsRoundTrip) {
  const fs::path file = vectors() / "blns" / "blns.dev.json";
  if (!fs::exists(file)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  const json::value list = json::parse(read_file(file));
  int count = 0;
  for (const json::value& entry : list.as_array()) {
    const std::string_view text(entry.as_string().data(), entry.as_string().size());
    const auto back = parse_json(as_json(text));
    if (text.find('\0') != std::string_view::npos) {
      EXPECT_TRUE(back.has_error());
    } else {
      ASSERT_FALSE(back.has_error()) << text;
      EXPECT_EQ(back->as_string(), text);
    }
    ++count;
  }
  std::printf("blns: %d strings\n", count);
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace fieldgate::http
