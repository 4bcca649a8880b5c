// SHA-256 for the audit tree and stored API keys, keyed BLAKE2b for derivations.
#pragma once

#include <fieldgate/base/bytes.h>

#include <initializer_list>
#include <string_view>

namespace fieldgate::crypto {

/// SHA-256 (FIPS 180-4) over the concatenation of `parts`. Uses an EVP context kept per thread,
/// because a new one per call costs three times as much (docs/architecture.md, traps). Thread-safe.
[[nodiscard]] Hash32 sha256(std::initializer_list<ByteView> parts);
[[nodiscard]] inline Hash32 sha256(ByteView bytes) {
  return sha256({bytes});
}

/// Keyed BLAKE2b-256 (RFC 7693) over the concatenation of `parts`; `key` is 32 bytes. Thread-safe.
[[nodiscard]] Hash32 blake2b_256(ByteView key, std::initializer_list<ByteView> parts);

/// Equal in constant time; false when the sizes differ.
[[nodiscard]] bool constant_time_equal(ByteView a, ByteView b);

}  // namespace fieldgate::crypto
