// A policy bundle: the files of a policy in one document that its author has signed and another
// person has approved (docs/policy-bundles.md has the bytes).
#pragma once

#include "gateway/policies/content.h"

#include <fieldgate/base/time.h>
#include <fieldgate/crypto/signature.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::policies {

/// Longest bundle, in bytes: its files, escaped as JSON, and the manifest.
inline constexpr std::size_t kMaxBundleBytes = 48UL * 1024 * 1024;
inline constexpr std::uint64_t kMaxSequence = 1'000'000'000;
/// Of a person who signs.
inline constexpr std::size_t kMaxPersonNameBytes = 100;

/// Somebody whose signature on bundles counts; named by the configuration.
struct Signer {
  std::string name;
  crypto::Ed25519PublicKey key{};
  bool author = false;
  bool approver = false;
};

struct Signature {
  std::string name;
  crypto::Ed25519PublicKey key{};
  crypto::Ed25519Signature signature{};
};

struct Approval {
  Signature by;
  UtcTime at{};  ///< whole seconds
};

/// What the author signed, and who else did. Plain data: nothing in it is believed before `verify`.
struct Bundle {
  Files files;                 ///< in order of name
  std::string version;         ///< the policy's own
  std::uint64_t sequence = 1;  ///< 1 to kMaxSequence; each bundle in force has a higher one
  UtcTime made{};              ///< whole seconds
  Signature author;
  std::optional<Approval> approval;

  [[nodiscard]] std::string digest() const { return digest_of(files); }
  /// Lower-case hex SHA-256 of what the author signs; two approvals of one bundle share it.
  [[nodiscard]] std::string id() const;
};

/// 1 to kMaxPersonNameBytes of UTF-8 without control characters or outer spaces.
[[nodiscard]] Result<void> check_person_name(std::string_view name);

/// Signs the files as `author`; `content` was judged by `load_content`.
[[nodiscard]] Result<Bundle> sign_bundle(const Content& content, std::uint64_t sequence,
                                         UtcTime made, std::string author,
                                         const crypto::Ed25519Signer& key);
/// Adds the approval. `kForbidden` for the author's own name or key: four eyes are two people.
[[nodiscard]] Result<void> approve_bundle(Bundle& bundle, UtcTime at, std::string approver,
                                          const crypto::Ed25519Signer& key);

/// The one form of a bundle: equal bundles have equal bytes.
[[nodiscard]] std::string write_bundle(const Bundle& bundle);
/// Refuses with `kCorrupt`, naming what is wrong, any text that `write_bundle` does not make: a
/// file that does not have the size or SHA-256 of the manifest, one too many or too few, a digest
/// that is not that of the files, another order, spelling or white space. Signatures are not looked
/// at.
[[nodiscard]] Result<Bundle> read_bundle(std::string_view text);

/// Are the signatures those of the people whose names and keys the bundle gives? `kForbidden` when
/// not, also when author and approver share a name or a key. An approval may be missing.
[[nodiscard]] Result<void> verify_signatures(const Bundle& bundle);
/// `verify_signatures`, and: an approval is there, and both people are among `signers`, by name and
/// by key, each for the part that they took. `kForbidden` otherwise.
[[nodiscard]] Result<void> verify_bundle(const Bundle& bundle, const std::vector<Signer>& signers);

}  // namespace fieldgate::policies
