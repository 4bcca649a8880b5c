// From files to a validated policy.
#pragma once

#include <fieldgate/base/diagnostic.h>
#include <fieldgate/policy/model.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace fieldgate::policy {

/// The most `*.yaml` files that one policy may consist of.
inline constexpr std::size_t kMaxPolicyFiles = 1000;

/// One policy file in memory.
struct PolicyFile {
  std::string name;  ///< as it is shown in diagnostics
  std::string text;
  friend bool operator==(const PolicyFile&, const PolicyFile&) = default;
};

struct LoadResult {
  PolicySnapshot policy;             ///< null when `findings` has an error
  std::vector<Diagnostic> findings;  ///< in order of file, line, column; root causes only
};

/// Parses, merges (each key in one place) and validates. Never throws; pure.
[[nodiscard]] LoadResult load_policy(const std::vector<PolicyFile>& files);

/// Reads every `*.yaml` of a directory in order of name, as it stands. A directory without one, or
/// a file that cannot be read, is a finding. Symbolic links out of the directory are refused.
[[nodiscard]] std::vector<PolicyFile> read_policy_files(const std::filesystem::path& directory,
                                                        std::vector<Diagnostic>& findings);

/// `read_policy_files`, then `load_policy`.
[[nodiscard]] LoadResult load_policy_directory(const std::filesystem::path& directory);

/// Findings beyond validity: bundled consent, an Art. 9 field without a 9(2) condition, a purpose
/// that no app uses, missing retention, missing consent text files, a field that no purpose reads.
/// `directory` is where notice files are looked for; empty skips that check.
[[nodiscard]] std::vector<Diagnostic> lint_policy(const PolicySet& policy,
                                                  const std::filesystem::path& directory);

/// Everything that can be said against the policy in a directory: what loading finds and what
/// `lint_policy` finds, also where loading found errors, as far as the policy could be read. Root
/// causes only, in order of file, line, column.
[[nodiscard]] LoadResult check_policy_directory(const std::filesystem::path& directory);

}  // namespace fieldgate::policy
