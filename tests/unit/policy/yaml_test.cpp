// The strict reader: positions, limits, refusals, and the public YAML cases.
#include "policy_fixture.h"

#include <fieldgate/policy/yaml.h>

#include <boost/json.hpp>

namespace fieldgate::policy::testing {
namespace {

std::string first_code(std::string_view text) {
  const YamlDocument document = parse_yaml(text, "f");
  return document.findings.empty() ? "" : document.findings.front().code;
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Yaml, KeepsTextsAndPositions) {
  const YamlDocument document = parse_yaml("a: 1\nbé: [x, \"y\"]\nn: ~\nm: null\ne:\n", "f");
  ASSERT_TRUE(document.findings.empty()) << words(document.findings);
  const auto& entries = document.node.entries;
  ASSERT_EQ(entries.size(), 5U);
  EXPECT_EQ(entries[0].second.scalar, "1");
  EXPECT_EQ(entries[1].second.items[1].column, 9);  // in code points
  EXPECT_TRUE(entries[1].second.items[1].quoted);
  EXPECT_FALSE(entries[1].second.items[0].quoted);
  EXPECT_EQ(entries[2].second.scalar, "~");
  EXPECT_EQ(entries[3].second.kind, YamlNode::Kind::kNull);
  EXPECT_EQ(entries[4].second.kind, YamlNode::Kind::kNull);
  EXPECT_EQ(entries[4].second.line, 5);
}

TEST(Yaml, ReadsWindowsLinesAndAByteOrderMark) {
  const YamlDocument document = parse_yaml(
      "\xef\xbb\xbf"
      "a: 1\r\nb: two\r\n",
      "f");
  ASSERT_TRUE(document.findings.empty()) << words(document.findings);
  EXPECT_EQ(document.node.find("b")->scalar, "two");
  EXPECT_EQ(document.node.find("b")->line, 2);
}

TEST(Yaml, ReadsJson) {
  const YamlDocument document =
      parse_yaml("{\n\t\"a\":{\"b\":[1,true,null]},\"c\":\"\\u00e9\\/\"}", "f");
  ASSERT_TRUE(document.findings.empty()) << words(document.findings);
  EXPECT_EQ(document.node.find("a")->find("b")->items.size(), 3U);
  EXPECT_EQ(document.node.find("c")->scalar, "é/");
}

TEST(Yaml, Refuses) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"a: 1\na: 2\n", "duplicate-key"},
      {"{\"a\": 1, a: 2}", "duplicate-key"},
      {"a: &x 1\nb: *x\n", "anchor"},
      {"a: *x\n", "syntax"},
      {"&x a: 1\n", "anchor"},
      {"a: &x\n", "anchor"},
      {"a: !!str 1\n", "tag"},
      {"a: ! 1\n", "tag"},
      {"!x {a: 1}\n", "tag"},
      {"a: 1\n---\nb: 2\n", "several-documents"},
      {"%YAML 1.2\n---\na: 1\n", "directive"},
      {"? [a]\n: 1\n", "key-not-text"},
      {"{a: 1}: 2\n", "key-not-text"},
      {"~: 1\n: 2\n", "key-not-text"},
      {"a: \x01\n", "control-character"},
      {std::string("a: \0b\n", 6), "control-character"},
      {"a: \x7f\n", "control-character"},
      {"a: 1\rb: 2\n", "control-character"},
      {"a: \xff\n", "invalid-utf8"},
      {"a: \xc0\xaf\n", "invalid-utf8"},
      {"a: \xed\xa0\x80\n", "invalid-utf8"},
      {"a: \xf4\x90\x80\x80\n", "invalid-utf8"},
      {"a: \xe2\x80\xae\n", "bidirectional-character"},
      {"a: \"\\u2066\"\n", "bidirectional-character"},
      {"a: \"\\u0000\"\n", "control-character"},
      {"a: \xe2\x80\x8b\n", "invisible-character"},
      {"a: [1\n", "syntax"},
      {"a: \"x\n", "syntax"},
      {"a\nb: 1\n", "syntax"},
      {"a:\n\tb: 1\n", "syntax"}};
  for (const auto& [text, code] : cases) {
    EXPECT_EQ(first_code(text), code) << text;
  }
}

TEST(Yaml, HasLimits) {
  EXPECT_EQ(first_code(nested(kMaxYamlDepth)), "");
  EXPECT_EQ(first_code(nested(kMaxYamlDepth + 1)), "too-deep");
  EXPECT_NE(first_code(std::string(2000, '[')), "");
  std::string large;
  while (large.size() < kMaxYamlBytes) {
    large += "# sixty-four bytes of comment, so that no line is too long ......\n";
  }
  large.resize(kMaxYamlBytes);
  EXPECT_EQ(first_code(large), "");
  EXPECT_EQ(first_code(large + "#"), "too-large");
}

TEST(Yaml, FindsWordsThatOthersReadAsSomethingElse) {
  const auto plain = [](std::string text) {
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.scalar = std::move(text);
    return node;
  };
  for (const char* word :
       {"no",  "NO",   "Yes",  "on",  "OFF",  "y",  "N",     "true",  "False", "null", "~",
        "010", "0x1f", "0o17", "1e3", "1.10", "+1", "1_000", "12:30", ".inf",  "-.5"}) {
    EXPECT_TRUE(is_ambiguous_plain(plain(word))) << word;
  }
  for (const char* word : {"IE", "yes please", "16", "0", "-7", "v1", "2026-11", "2026-01-10", "e3",
                           "text", "P1Y", "-"}) {
    EXPECT_FALSE(is_ambiguous_plain(plain(word))) << word;
  }
  YamlNode quoted = plain("no");
  quoted.quoted = true;
  EXPECT_FALSE(is_ambiguous_plain(quoted));
}

TEST(Yaml, PublicCases) {
  const auto path =
      std::filesystem::path(FIELDGATE_SHARED_DIR) / "vectors/yaml/yaml-test-suite/cases.dev.json";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  int refused = 0;
  int read = 0;
  int outside = 0;
  const boost::json::value cases = boost::json::parse(read_file(path));
  for (const boost::json::value& one : cases.as_array()) {
    const std::string text(one.at("yaml").as_string());
    const std::string id(one.at("id").as_string());
    const std::string code = first_code(text);
    if (one.at("fail").as_bool()) {
      EXPECT_NE(code, "") << id << '\n' << text;
      ++refused;
    } else if (code.empty()) {
      ++read;
    } else {
      ++outside;  // valid YAML beyond what policies may use
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(read, outside);
  std::cout << "must fail: " << refused << " refused; may pass: " << read << " read, " << outside
            << " outside the subset\n";
}

}  // namespace
}  // namespace fieldgate::policy::testing
