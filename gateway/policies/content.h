// All that a policy consists of: its *.yaml files and the notices that they name.
#pragma once

#include <fieldgate/base/diagnostic.h>
#include <fieldgate/base/result.h>
#include <fieldgate/policy/load.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::policies {

/// Limits on one policy, notices included.
inline constexpr std::size_t kMaxContentFiles = 2000;
inline constexpr std::size_t kMaxContentBytes = 16UL * 1024 * 1024;
inline constexpr std::size_t kMaxFileNameBytes = 255;

/// Names are relative to the policy's folder, `/` between their parts; in order of name.
using Files = std::vector<policy::PolicyFile>;

/// A policy that is whole and valid. Immutable once made.
struct Content {
  Files files;
  policy::PolicySnapshot policy;
  /// Lower-case hex SHA-256 over each file's name and text with their lengths, in order of name:
  /// what audit records carry as `policy_digest` (docs/policy-bundles.md).
  std::string digest;

  /// The text of a file; null when there is none of that name.
  [[nodiscard]] const std::string* text(std::string_view name) const;
};

/// The digest of files in order of name.
[[nodiscard]] std::string digest_of(const Files& files);

/// Judges files as one policy. Refuses with `kInvalid` a policy with errors, a notice that is
/// missing or empty, a file that the policy does not name, a name that leads elsewhere, text that
/// is not UTF-8; with `kTooLarge` what is beyond the limits. `name` is how messages call it.
/// Findings, warnings too, are appended.
[[nodiscard]] Result<Content> load_content(Files files, const std::string& name,
                                           std::vector<Diagnostic>& findings);

/// Reads a policy's folder: its *.yaml files and the notices that they name; other files are left
/// alone. It is read until two readings agree; `kUnavailable` when it does not come to rest. That
/// tells of a change while it is read, and not of a writer who pauses between two files: what must
/// change as one comes as a folder that a link is turned to, or as a bundle.
[[nodiscard]] Result<Content> read_directory(const std::filesystem::path& directory,
                                             std::vector<Diagnostic>& findings);

}  // namespace fieldgate::policies
