// What the policy tests share: reading policy files, small policies, time.
#pragma once

#include <fieldgate/policy/engine.h>
#include <fieldgate/policy/load.h>
#include <fieldgate/policy/review.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace fieldgate::policy::testing {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline std::string words(const std::vector<Diagnostic>& findings) {
  std::string text;
  for (const Diagnostic& finding : findings) {
    text += format_diagnostic(finding) + '\n';
  }
  return text;
}

inline LoadResult load_text(const std::string& text) {
  return load_policy({{"policy.yaml", text}});
}

inline PolicySnapshot must_load(const std::string& text) {
  LoadResult result = load_text(text);
  EXPECT_NE(result.policy, nullptr) << words(result.findings);
  return result.policy;
}

inline UtcTime at(std::string_view text) {
  const auto time = parse_rfc3339(text);
  EXPECT_TRUE(time.has_value()) << text;
  return time.value_or(UtcTime{});
}

/// `text` with the first `what` replaced; fails the test when there is none.
inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

}  // namespace fieldgate::policy::testing
