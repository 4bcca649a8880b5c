// The fast reader of plain YAML gives what the strict reader gives, or leaves the text to it.
#include "policy/load/plain_yaml.h"
#include "policy/load/yaml_text.h"
#include "policy_fixture.h"

#include <boost/json.hpp>

#include <random>

namespace fieldgate::policy::testing {
namespace {

// Empty when equal; else the first place where they differ.
std::string difference(const YamlNode& a, const YamlNode& b) {
  const std::string place = std::to_string(a.line) + ':' + std::to_string(a.column);
  if (a.kind != b.kind || a.scalar != b.scalar || a.quoted != b.quoted) {
    return place + ": another value `" + a.scalar + "` / `" + b.scalar + '`';
  }
  if (a.line != b.line || a.column != b.column) {
    return place + ": another place " + std::to_string(b.line) + ':' + std::to_string(b.column);
  }
  if (a.items.size() != b.items.size() || a.entries.size() != b.entries.size()) {
    return place + ": another size";
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (auto found = difference(a.items[i], b.items[i]); !found.empty()) {
      return found;
    }
  }
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    for (const auto& [one, other] : {std::pair{&a.entries[i].first, &b.entries[i].first},
                                     std::pair{&a.entries[i].second, &b.entries[i].second}}) {
      if (auto found = difference(*one, *other); !found.empty()) {
        return found;
      }
    }
  }
  return {};
}

// True when the fast reader took the text.
bool agrees(const std::string& text) {
  if (find_text_fault(text, true) || find_layout_fault(text)) {
    return false;
  }
  const std::optional<YamlNode> plain = parse_plain_yaml(text);
  if (!plain) {
    return false;
  }
  const YamlDocument strict = parse_strict_yaml(text, "a.yaml");
  EXPECT_EQ(words(strict.findings), "") << text;
  EXPECT_EQ(difference(*plain, strict.node), "") << text;
  return true;
}

std::vector<std::string> real_texts() {
  std::vector<std::string> texts;
  const std::filesystem::path source(FIELDGATE_SOURCE_DIR);
  for (const char* folder : {"tests/golden/policy", "docs/examples"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source / folder)) {
      if (entry.path().extension() == ".yaml") {
        texts.push_back(read_file(entry.path()));
      }
    }
  }
  const auto shared = std::filesystem::path(FIELDGATE_SHARED_DIR) / "design/policy-example.yaml";
  if (std::filesystem::exists(shared)) {
    texts.push_back(read_file(shared));
  }
  return texts;
}

TEST(PlainYaml, ReadsWhatTheStrictReaderReads) {
  int taken = 0;
  int left = 0;
  for (const std::string& text : real_texts()) {
    (agrees(text) ? taken : left)++;
  }
  std::cout << "policies read fast: " << taken << ", left to the strict reader: " << left << '\n';
  EXPECT_GT(taken, 60);
}

TEST(PlainYaml, LeavesWhatItIsNotSureOf) {
  for (const char* text : {"",
                           "a",
                           "- a\n",
                           "a:\n",
                           "a: ~\n",
                           "a: null\n",
                           "a: {b}\n",
                           "a: {b: }\n",
                           "a: [1, ]\n",
                           "a: [, 1]\n",
                           "a: b: c\n",
                           "a: b\n  c\n",
                           "a: {b: 1\nc: 2}\n",
                           "a: \"b\\n\"\n",
                           "a: 'it''s'\n",
                           "a: |\n  b\n",
                           "a: &x b\n",
                           "a: *x\n",
                           "a: !t b\n",
                           "a: 1\na: 2\n",
                           "a: {b: 1, b: 2}\n",
                           "a:\n\tb: 1\n",
                           "a: b\t\n",
                           "a: 1\r\n",
                           "? a\n: b\n",
                           "--- \na: b\n",
                           "a:1\n",
                           "a : 1\n",
                           "a: [1\n",
                           "a: {b: 1}}\n",
                           "a: 1\n b: 2\n",
                           "a:\n  b: 1\n c: 2\n",
                           "a: {b: 1}#c\n",
                           "a: \"b\"c\n",
                           "a: -\n",
                           "a:\n- 1\n - 2\n",
                           "null: a\n"}) {
    EXPECT_FALSE(parse_plain_yaml(text).has_value()) << text;
  }
}

TEST(PlainYaml, TakesTheFormsOfThePolicyLanguage) {
  for (const char* text :
       {"a: b", "a: b # c\n", "# c\n\na:\n  b: c\n\n  # d\n  e: f\n", "a: {b: c, d: [e, f]}\n",
        "a: {\n  b: c,  # d\n  e: f\n  }\n", "a: {}\nb: []\n", "a:\n- b: c\n  d: e\n- f\n",
        "a:\n  - {b: c}\n  - \"d\"\ne: 'f'\n", "a: 2026-11-02T12:00:00Z\n",
        "a: {b: 12:30, \"NO\": 13}\n", "a: G\xc3\xa4ste {x}\nb: {c: \xc3\xa4, d: e}\n",
        "a: it's b #1#\n", "a: https://b\n", "a: b#c\n", "a:\n  - b:\n    - c\n    d: e\n"}) {
    EXPECT_TRUE(agrees(text)) << text;
  }
}

// Deletes, doubles, swaps and inserts single characters: whatever comes out, the two agree.
TEST(PlainYaml, AgreesOnTextsThatAreAlmostPolicies) {
  const std::vector<std::string> texts = real_texts();
  std::mt19937 random(20261122);
  constexpr std::string_view kInserted = " \n:,{}[]#-\"'ab0~|>&*!%@?\t\\";
  const auto below = [&](std::size_t bound) { return random() % bound; };
  int taken = 0;
  constexpr int kCases = 20'000;
  for (int i = 0; i < kCases; ++i) {
    std::string text = texts[below(texts.size())];
    // A window of lines, so that one case is cheap and a fault is not always far from the start.
    std::size_t start = text.find('\n', below(text.size()));
    start = start == std::string::npos ? 0 : start + 1;
    text = text.substr(start, 100 + below(400));
    for (std::size_t edits = below(3); edits > 0 && !text.empty(); --edits) {
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text.erase(at, 1);
          break;
        case 1:
          text.insert(at, 1, text[at]);
          break;
        case 2:
          std::swap(text[at], text[below(text.size())]);
          break;
        default:
          text.insert(at, 1, kInserted[below(kInserted.size())]);
      }
    }
    const std::size_t first = text.find_first_not_of(' ');
    text = first == std::string::npos ? text : text.substr(first);
    taken += agrees(text) ? 1 : 0;
    if (::testing::Test::HasFailure()) {
      FAIL() << "case " << i << ":\n" << text;
    }
  }
  std::cout << "cases: " << kCases << ", read fast: " << taken << '\n';
  EXPECT_GT(taken, kCases / 20);
}

TEST(PlainYaml, AgreesOnPublicCases) {
  const auto path =
      std::filesystem::path(FIELDGATE_SHARED_DIR) / "vectors/yaml/yaml-test-suite/cases.dev.json";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "skipped: no shared vectors";
  }
  int taken = 0;
  int cases = 0;
  const boost::json::value all = boost::json::parse(read_file(path));
  for (const boost::json::value& one : all.as_array()) {
    ++cases;
    taken += agrees(std::string(one.at("yaml").as_string())) ? 1 : 0;
  }
  std::cout << "cases: " << cases << ", read fast: " << taken << '\n';
  EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace fieldgate::policy::testing
