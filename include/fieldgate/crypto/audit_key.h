// What audit records hold of a person: a tag that only the tenant's audit key opens, and a part
// that only the person's own key opens (docs/audit-format.md, "The sealed part").
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/ids.h>
#include <fieldgate/base/random.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/crypto/sealed_field.h>

#include <array>
#include <optional>
#include <string_view>

namespace fieldgate::crypto {

/// Stands for a person in one record.
inline constexpr std::size_t kSubjectTagBytes = 32;
using SubjectTag = std::array<Byte, kSubjectTagBytes>;

/// The tenant's audit key, made ready. A tag is the deterministic authenticated encryption of the
/// master id, bound to the record's id: 16 bytes of a keyed hash over both, then the master id
/// under a mask made from them. It differs per record, so records cannot be joined without the key,
/// and whoever has the key can say whom a record is about. Immutable and thread-safe.
class AuditKey {
 public:
  /// `audit_key` has 32 bytes.
  explicit AuditKey(const SecretBytes& audit_key);

  [[nodiscard]] SubjectTag tag(std::string_view record_id, const SubjectId& subject) const;
  /// Nothing for a tag of another record or another key.
  [[nodiscard]] std::optional<SubjectId> open_tag(std::string_view record_id, ByteView tag) const;

 private:
  [[nodiscard]] Hash32 synthetic(std::string_view record_id, const SubjectId& subject) const;

  SecretBytes tag_key_;
  SecretBytes mask_key_;
};

/// The largest content of a record's sealed part; one byte more is `kTooLarge`.
inline constexpr std::size_t kMaxRecordPartBytes = 8UL * 1024;

/// What a record's sealed part belongs to; all of it is authenticated.
struct RecordContext {
  TenantId tenant;
  SubjectId subject;
  std::string_view record_id;  ///< 1 to 255 bytes
};

/// Seals a part of an audit record under the person's key, padded to buckets as fields are, so that
/// destroying the key makes it unreadable in every copy of the log. Thread-safe.
[[nodiscard]] Result<Bytes> seal_record_part(const SubjectKey& key, const RecordContext& context,
                                             ByteView content, Random& random);
/// `kCorrupt` on any mismatch; no plaintext is left behind. Thread-safe.
[[nodiscard]] Result<SecretBytes> open_record_part(const SubjectKey& key,
                                                   const RecordContext& context, ByteView sealed);

}  // namespace fieldgate::crypto
