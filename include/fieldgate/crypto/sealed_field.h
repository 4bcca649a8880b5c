// Sealing and opening of one field of one person (docs/sealed-field-format.md).
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/ids.h>
#include <fieldgate/base/permit.h>
#include <fieldgate/base/random.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>

#include <string_view>

namespace fieldgate::crypto {

/// How the value is to be read; bound into the seal. Stored: never reuse a value.
enum class ValueType : std::uint8_t {
  kText = 1,
  kEmail = 2,
  kPhone = 3,
  kCountry = 4,
  kDate = 5,
  kList = 6,
  kMoney = 7,
  kNumber = 8,
  kBoolean = 9,
  kDecisionFacts = 200,
};

/// The cipher of a sealed field. Stored: never reuse a value.
enum class Suite : std::uint8_t { kAes256Gcm = 1, kXChaCha20Poly1305 = 2 };

/// The largest plaintext of a field; one byte more is refused with `kTooLarge`.
inline constexpr std::size_t kMaxFieldBytes = 16UL * 1024;
/// Version, suite, key version, nonce, commitment: what stands before the ciphertext.
inline constexpr std::size_t kSealedFieldHeaderBytes = 1 + 1 + 4 + 24 + 32;

/// What a sealed value belongs to. All of it is authenticated as additional data (AAD): a value
/// moved to another person, field, type, tenant, schema or version does not open.
struct FieldContext {
  TenantId tenant;
  SubjectId subject;
  std::uint32_t schema = 1;
  std::string_view field;  ///< the policy's field name, at most 255 bytes
  ValueType type = ValueType::kText;
  std::uint64_t value_version = 1;  ///< rises with every write of the field
};

/// The unwrapped key of one person, in place and wiped at the end of its life.
struct SubjectKey {
  SecretArray<32> key;
  KeyVersion version;
};

/// Seals `plaintext` under the person's key with a fresh 24-byte nonce. Chooses suite 1 where the
/// CPU has AES and carry-less multiplication, else suite 2. Plaintext is padded to buckets, so the
/// length reveals little. Thread-safe.
[[nodiscard]] Result<Bytes> seal_field(const SubjectKey& key, const FieldContext& context,
                                       ByteView plaintext, Random& random);

/// Opens a field that `permit` names. `field` is its index in the policy of the permit. An error
/// (`kForbidden` without permission, `kCorrupt` on any mismatch) leaves no plaintext behind.
/// The commitment is compared first, in constant time. Thread-safe.
[[nodiscard]] Result<SecretBytes> open_field(const Permit& permit, FieldIndex field,
                                             const SubjectKey& key, const FieldContext& context,
                                             ByteView sealed);

/// Opens the person's decision facts (birth date and country, `ValueType::kDecisionFacts`), which
/// the `decide` stage alone needs before there is a permit; refuses any other type.
[[nodiscard]] Result<SecretBytes> open_decision_facts(const SubjectKey& key,
                                                      const FieldContext& context, ByteView sealed);

/// What stands in the clear header of a sealed value; for inspection, never a value.
struct SealedHeader {
  Suite suite = Suite::kAes256Gcm;
  KeyVersion key_version;
};
[[nodiscard]] Result<SealedHeader> read_sealed_header(ByteView sealed);

}  // namespace fieldgate::crypto
