// Which files of a folder are policy, and how they are merged.
#include <fieldgate/policy/load.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace fieldgate::policy {
namespace {

TEST(Load, NamesADirectoryThatHasNoPolicy) {
  const LoadResult missing = load_policy_directory("/nonexistent/policy");
  ASSERT_EQ(missing.findings.size(), 1U);
  EXPECT_EQ(missing.findings[0].code, "cannot-read");
  const auto directory = std::filesystem::path(::testing::TempDir()) / "fieldgate-policy-empty";
  std::filesystem::create_directories(directory);
  EXPECT_EQ(load_policy_directory(directory).findings.at(0).code, "no-policy");
  const auto outside = std::filesystem::path(::testing::TempDir()) / "fieldgate-outside.yaml";
  std::ofstream(outside) << "policy: \"1\"\n";
  const auto link = directory / "link.yaml";
  std::filesystem::remove(link);
  std::filesystem::create_symlink(outside, link);
  EXPECT_EQ(load_policy_directory(directory).findings.at(0).code, "cannot-read");
  std::filesystem::remove_all(directory);
  std::filesystem::remove(outside);
}

TEST(Load, NamesAFileThatOnlyLooksLikePolicy) {
  const auto directory = std::filesystem::path(::testing::TempDir()) / "fieldgate-policy-names";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "policy.yaml") << "policy: \"1\"\n";
  const auto codes = [&] {
    std::string found;
    for (const Diagnostic& finding : load_policy_directory(directory).findings) {
      found += finding.code + ' ';
    }
    return found;
  };
  const std::string before = codes();
  // An editor's and a system's own files, a lock that leads nowhere among them.
  std::ofstream(directory / "._policy.yaml") << "policy: \"2\"\n";
  std::filesystem::create_symlink("ada@host.1234", directory / ".#policy.yaml");
  EXPECT_EQ(codes(), before);
  for (const char* name : {"rules.yml", "rules.YAML", "rules.Yml"}) {
    std::ofstream(directory / name) << "invariants: []\n";
    EXPECT_EQ(codes(), "not-read ") << name;
    std::filesystem::remove(directory / name);
  }
  std::filesystem::remove_all(directory);
}

TEST(Load, ReportsASecondSingleSectionOnce) {
  for (const char* name : {"controller", "minors", "policy"}) {
    const LoadResult result =
        load_policy({{"a.yaml", "policy: \"1\"\ncontroller: {name: X}\nminors: {age_from: age}\n" +
                                    std::string(name) + ": {}\n"}});
    std::size_t found = 0;
    for (const Diagnostic& finding : result.findings) {
      found += finding.code == "duplicate-key" ? 1U : 0U;
    }
    EXPECT_EQ(found, 1U) << name;
  }
}

}  // namespace
}  // namespace fieldgate::policy
