// Padding of field values to a few sizes, so that the length of a sealed value says little.
// Internal.
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/secret_bytes.h>

#include <optional>

namespace fieldgate::crypto::padding {

inline constexpr std::size_t kSmallestBucketBytes = 16;
/// Up to here buckets double; above, they are multiples of it.
inline constexpr std::size_t kStepBytes = 1024;

/// The padded size of a value of `size` bytes: the least bucket that holds it and one byte more.
[[nodiscard]] constexpr std::size_t padded_size(std::size_t size) {
  std::size_t bucket = kSmallestBucketBytes;
  while (bucket < size + 1) {
    bucket += bucket < kStepBytes ? bucket : kStepBytes;
  }
  return bucket;
}

/// The value, 0x80, and zeros up to the bucket (ISO/IEC 7816-4): always removable in one way.
[[nodiscard]] SecretBytes pad(ByteView value);

/// The size of the value in padded bytes; nothing when they were not made by `pad`.
[[nodiscard]] std::optional<std::size_t> unpadded_size(ByteView padded);

}  // namespace fieldgate::crypto::padding
