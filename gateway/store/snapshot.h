// The stored form of one person's state, and the immutable snapshot read from it. Both adapters
// keep the same bytes, so that a snapshot costs one copy and one allocation.
#pragma once

#include <fieldgate/base/result.h>
#include <fieldgate/store/profile.h>
#include <fieldgate/store/profile_store.h>

#include <optional>
#include <vector>

namespace fieldgate::store {

/// The version byte that every stored state begins with. Any other is refused as corrupt.
inline constexpr Byte kStateVersion = 1;
/// The most fields, consents or objections that one person's state can hold, each.
inline constexpr std::size_t kMaxStateEntries = 4'096;

/// What changes about a person between two snapshots. The views point into the snapshot or the
/// write that they were taken from; the caller keeps those alive.
struct ProfileState {
  std::vector<StoredField> fields;  ///< by rising NameId
  std::vector<StoredConsent> consents;
  std::vector<StoredObjection> objections;
  std::optional<UtcTime> restricted_since;
  ByteView facts;
  std::uint64_t facts_version = 0;
};

[[nodiscard]] ProfileState state_of(const Profile& profile);

/// Applies the fields and facts of a write; a field that is both written and removed is written.
/// `kTooLarge` beyond `kMaxStateEntries`.
[[nodiscard]] Result<void> apply_write(ProfileState& state, const ProfileWrite& write);

/// Replaces `out` with the stored form.
void encode_state(const ProfileState& state, Bytes& out);

/// Builds the snapshot that the stored form describes; `kCorrupt` unless it is exactly well-formed.
[[nodiscard]] Result<ProfilePtr> make_profile(const SubjectId& subject, ByteView wrapped_key,
                                              ByteView state);

}  // namespace fieldgate::store
