#include <fieldgate/crypto/audit_key.h>
#include <fieldgate/crypto/hash.h>

#include "crypto/aead/primitives.h"

#include <algorithm>

namespace fieldgate::crypto {

namespace {

constexpr std::size_t kIdBytes = std::tuple_size_v<decltype(SubjectId::bytes)>;
static_assert(kSubjectTagBytes == 2 * kIdBytes);

}  // namespace

// SIV (Rogaway and Shrimpton 2006, as in RFC 5297) with keyed BLAKE2b as both of its functions:
// OpenSSL's AES-SIV with associated data costs four times as much, and every read makes a tag.
AuditKey::AuditKey(const SecretBytes& audit_key) : tag_key_(audit_key.clone()) {
  mask_key_ = SecretBytes(sizeof(Hash32));
  primitives::blake2b(mask_key_.reveal_mutable(), audit_key.reveal(),
                      {as_bytes("fieldgate mask of the id in a subject tag v1")});
}

Hash32 AuditKey::synthetic(std::string_view record_id, const SubjectId& subject) const {
  return blake2b_256(tag_key_.reveal(), {as_bytes(record_id), ByteView(subject.bytes)});
}

SubjectTag AuditKey::tag(std::string_view record_id, const SubjectId& subject) const {
  SubjectTag tag{};
  const Hash32 front = synthetic(record_id, subject);
  std::copy_n(front.begin(), kIdBytes, tag.begin());
  const Hash32 mask = blake2b_256(mask_key_.reveal(), {ByteView(tag).first(kIdBytes)});
  for (std::size_t i = 0; i < kIdBytes; ++i) {
    tag[kIdBytes + i] = static_cast<Byte>(subject.bytes[i] ^ mask[i]);
  }
  return tag;
}

std::optional<SubjectId> AuditKey::open_tag(std::string_view record_id, ByteView tag) const {
  if (tag.size() != kSubjectTagBytes) {
    return std::nullopt;
  }
  const Hash32 mask = blake2b_256(mask_key_.reveal(), {tag.first(kIdBytes)});
  SubjectId subject;
  for (std::size_t i = 0; i < kIdBytes; ++i) {
    subject.bytes[i] = static_cast<Byte>(tag[kIdBytes + i] ^ mask[i]);
  }
  const Hash32 front = synthetic(record_id, subject);
  if (!constant_time_equal(ByteView(front).first(kIdBytes), tag.first(kIdBytes))) {
    return std::nullopt;
  }
  return subject;
}

}  // namespace fieldgate::crypto
