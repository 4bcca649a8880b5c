// The schema for editors takes every valid policy and refuses what it can see is wrong.
#include "policy/load/vocabulary.h"
#include "policy_fixture.h"

#include <fieldgate/policy/schema.h>

#include <boost/json.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <set>
#include <sstream>
#include <utility>

namespace fieldgate::policy::testing {
namespace {

const std::filesystem::path kSource(FIELDGATE_SOURCE_DIR);

std::vector<std::string> yaml_files(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The validator's lines; empty where none is installed.
std::vector<std::string> validate(const std::vector<std::string>& files) {
  const auto schema = std::filesystem::path(::testing::TempDir()) / "fieldgate-policy-schema.json";
  std::ofstream(schema) << policy_schema();
  std::string command = "python3 '" + (kSource / "tests/unit/policy/schema_check.py").string() +
                        "' '" + schema.string() + "'";
  for (const std::string& file : files) {
    command += " '" + file + "'";
  }
  std::vector<std::string> lines;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    return lines;
  }
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    text += static_cast<char>(c);
  }
  const int status = ::pclose(pipe);
  constexpr int kNotInstalled = 77;
  EXPECT_TRUE(WIFEXITED(status) &&
              (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kNotInstalled))
      << text;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

TEST(Schema, IsJsonAndNamesTheKeysOfTheLanguage) {
  const boost::json::value schema = boost::json::parse(policy_schema());
  const auto& properties = schema.at("properties").as_object();
  EXPECT_EQ(properties.size(), 11U);
  std::vector<std::string> keys;
  const auto& purpose = properties.at("purposes").at("additionalProperties").at("properties");
  for (const auto& entry : purpose.as_object()) {
    keys.emplace_back(entry.key());
  }
  std::vector<std::string> known = kPurposeKeys;
  std::sort(keys.begin(), keys.end());
  std::sort(known.begin(), known.end());
  EXPECT_EQ(keys, known);
}

// Every key of the language: the properties of the schema, wherever they stand.
void collect_keys(const boost::json::value& schema, std::set<std::string>& keys) {
  if (const auto* list = schema.if_array()) {
    for (const boost::json::value& item : *list) {
      collect_keys(item, keys);
    }
  } else if (const auto* object = schema.if_object()) {
    for (const auto& [name, value] : *object) {
      collect_keys(value, keys);
      if (name == "properties") {
        for (const auto& property : value.as_object()) {
          keys.insert(std::string(property.key()));
        }
      }
    }
  }
}

// The words that stand between backticks in running text, outside blocks of code.
std::set<std::string> words_in_backticks(const std::string& markdown) {
  std::set<std::string> found;
  std::istringstream lines(markdown);
  bool in_block = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      in_block = !in_block;
      continue;
    }
    std::size_t open = in_block ? std::string::npos : line.find('`');
    while (open != std::string::npos) {
      const std::size_t close = line.find('`', open + 1);
      if (close == std::string::npos) {
        break;
      }
      std::string word;
      for (const char c : line.substr(open + 1, close - open - 1) + ' ') {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-') {
          word += c;
        } else {
          found.insert(std::exchange(word, {}));
        }
      }
      open = line.find('`', close + 1);
    }
  }
  return found;
}

TEST(Schema, HasNoKeyThatThePageOfTheLanguageDoesNotName) {
  std::set<std::string> keys;
  collect_keys(boost::json::parse(policy_schema()), keys);
  EXPECT_GT(keys.size(), 80U);
  const std::set<std::string> named =
      words_in_backticks(read_file(kSource / "docs/policy-language.md"));
  for (const std::string& key : keys) {
    EXPECT_TRUE(named.contains(key)) << "docs/policy-language.md does not name `" << key << '`';
  }
  std::cout << "keys of the language: " << keys.size() << '\n';
}

TEST(Schema, TakesEveryValidPolicy) {
  std::vector<std::string> files = yaml_files(kSource / "tests/golden/policy");
  std::vector<std::filesystem::path> folders{kSource / "docs/examples/bookshop/policy"};
  for (const auto& entry :
       std::filesystem::directory_iterator(kSource / "docs/examples/policies")) {
    if (entry.is_directory()) {
      folders.push_back(entry.path());
    }
  }
  for (const std::filesystem::path& folder : folders) {
    const std::vector<std::string> found = yaml_files(folder);
    files.insert(files.end(), found.begin(), found.end());
  }
  const auto shared = std::filesystem::path(FIELDGATE_SHARED_DIR) / "design/policy-example.yaml";
  if (std::filesystem::exists(shared)) {
    files.push_back(shared.string());
  }
  const std::vector<std::string> lines = validate(files);
  if (lines.empty()) {
    GTEST_SKIP() << "skipped: no JSON Schema validator";
  }
  EXPECT_EQ(lines.size(), files.size());
  for (const std::string& line : lines) {
    EXPECT_TRUE(line.starts_with("ok ")) << line;
  }
  std::cout << "policies taken: " << lines.size() << '\n';
}

TEST(Schema, RefusesPlantedFaults) {
  // Faults of form; those between keys are for `policy check`.
  std::vector<std::string> files;
  for (const char* name : {"bad-country",
                           "bad-date",
                           "bad-duration",
                           "boolean-as-text",
                           "levels-without-consent",
                           "missing-basis",
                           "path-outside",
                           "reserved-level",
                           "test-bad-time",
                           "test-unknown-code",
                           "test-without-expect",
                           "threshold-above",
                           "threshold-below-13",
                           "two-transforms",
                           "unknown-basis",
                           "unknown-field-key",
                           "unknown-purpose-key",
                           "unknown-top-key",
                           "unknown-transform",
                           "unknown-transform-value",
                           "wrong-type-map"}) {
    files.push_back(
        (kSource / "tests/golden/policy/faults" / (std::string(name) + ".yaml")).string());
  }
  // These are right in form: the schema must not pretend to know more.
  const std::vector<std::string> beyond{"bad-date", "levels-without-consent", "path-outside"};
  const std::vector<std::string> lines = validate(files);
  if (lines.empty()) {
    GTEST_SKIP() << "skipped: no JSON Schema validator";
  }
  ASSERT_EQ(lines.size(), files.size());
  for (const std::string& line : lines) {
    const bool is_beyond = std::any_of(beyond.begin(), beyond.end(), [&](const std::string& name) {
      return line.find(name) != std::string::npos;
    });
    EXPECT_EQ(line.starts_with("refused "), !is_beyond) << line;
  }
  std::cout << "faults refused: " << lines.size() - beyond.size() << '\n';
}

}  // namespace
}  // namespace fieldgate::policy::testing
