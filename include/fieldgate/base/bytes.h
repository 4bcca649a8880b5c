// Byte sequences and views.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate {

using Byte = std::uint8_t;
using Bytes = std::vector<Byte>;
/// A view; the caller keeps the bytes alive.
using ByteView = std::span<const Byte>;
using Hash32 = std::array<Byte, 32>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const Byte*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Appends `value` in big-endian order, `N` bytes wide.
template <std::size_t N>
void append_be(Bytes& out, std::uint64_t value) {
  static_assert(N >= 1 && N <= 8);
  for (std::size_t i = N; i-- > 0;) {
    out.push_back(static_cast<Byte>(value >> (8 * i)));
  }
}

/// Writes `value` in big-endian order into the first `N` bytes at `out`.
template <std::size_t N>
void store_be(Byte* out, std::uint64_t value) {
  static_assert(N >= 1 && N <= 8);
  for (std::size_t i = 0; i < N; ++i) {
    out[i] = static_cast<Byte>(value >> (8 * (N - 1 - i)));
  }
}

/// Reads `N` big-endian bytes at `in`.
template <std::size_t N>
std::uint64_t load_be(const Byte* in) {
  static_assert(N >= 1 && N <= 8);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < N; ++i) {
    value = (value << 8) | in[i];
  }
  return value;
}

}  // namespace fieldgate
