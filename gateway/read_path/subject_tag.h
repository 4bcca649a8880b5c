// The tag that stands for a person in one audit record: different in each, so that records cannot
// be joined without the tenant's audit key.
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/ids.h>
#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/crypto/hash.h>

#include <algorithm>
#include <string_view>

namespace fieldgate::read_path {

inline constexpr std::size_t kSubjectTagBytes = 16;
using SubjectTag = std::array<Byte, kSubjectTagBytes>;

/// Keyed BLAKE2b over the record's id and the master id, truncated. `audit_key` is 32 bytes.
[[nodiscard]] inline SubjectTag subject_tag(const SecretBytes& audit_key,
                                            std::string_view record_id, const SubjectId& subject) {
  const Hash32 full =
      crypto::blake2b_256(audit_key.reveal(), {as_bytes(record_id), ByteView(subject.bytes)});
  SubjectTag tag{};
  std::copy_n(full.begin(), tag.size(), tag.begin());
  return tag;
}

}  // namespace fieldgate::read_path
