// The one construction behind every stored secret: field values, subject keys and tenant keys
// (docs/sealed-field-format.md). Internal to the module.
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/ids.h>
#include <fieldgate/base/random.h>
#include <fieldgate/base/result.h>
#include <fieldgate/crypto/sealed_field.h>

#include "crypto/aead/primitives.h"

#include <array>

namespace fieldgate::crypto::envelope {

inline constexpr Byte kFormatVersion = 1;
inline constexpr std::size_t kNonceBytes = 24;
inline constexpr std::size_t kCommitmentBytes = 32;
inline constexpr std::size_t kOverheadBytes = kSealedFieldHeaderBytes + primitives::kTagBytes;

/// What an envelope holds; bound, so that none can stand in for another. Stored: never reuse.
enum class Content : Byte { kField = 1, kSubjectKey = 2, kTenantKey = 3, kRecordPart = 4 };

/// The bytes that an envelope is bound to: format version, suite, key version and nonce in front
/// (put there on sealing and opening), then what the caller appends. Every part has a fixed width
/// or a fixed-width length before it, so that no two contexts give the same bytes.
class Binding {
 public:
  explicit Binding(Content content);
  /// A part of fixed width.
  void append(ByteView part);
  template <std::size_t N>
  void append_number(std::uint64_t value) {
    store_be<N>(bytes_.data() + size_, value);
    size_ += N;
  }
  /// A part of any width up to 255 bytes, its length before it in two bytes.
  void append_sized(ByteView part);

  /// Fills in the front part and returns the whole.
  ByteView complete(ByteView header_and_nonce);

 private:
  static constexpr std::size_t kFrontBytes = 1 + 1 + 4 + kNonceBytes;
  static constexpr std::size_t kCapacity = kFrontBytes + 1 + 64 + 2 + 255;
  std::array<Byte, kCapacity> bytes_;
  std::size_t size_ = kFrontBytes + 1;
};

/// The suite for new envelopes on this machine.
[[nodiscard]] Suite preferred_suite();

/// Seals `plaintext` as it is (no padding) under the 32-byte `key`.
[[nodiscard]] Bytes seal(Suite suite, ByteView key, KeyVersion version, Binding& binding,
                         ByteView plaintext, Random& random);

/// Opens into `out`, which has exactly `sealed.size() - kOverheadBytes` bytes. On an error, always
/// `kCorrupt`, `out` holds zeros. The commitment is compared first, in constant time.
[[nodiscard]] Result<void> open(std::span<Byte> out, ByteView key, KeyVersion version,
                                Binding& binding, ByteView sealed);

}  // namespace fieldgate::crypto::envelope
