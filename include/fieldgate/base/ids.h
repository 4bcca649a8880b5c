// Strong identifier types: explicit construction only, so that two ids cannot be mixed up.
#pragma once

#include <fieldgate/base/bytes.h>

#include <array>
#include <compare>
#include <cstring>
#include <functional>

namespace fieldgate {

/// The master id of a data subject: 16 random bytes. It never leaves the gateway; outside it is
/// replaced by a pseudonym per app and purpose (GDPR 4(5)).
struct SubjectId {
  std::array<Byte, 16> bytes{};
  friend auto operator<=>(const SubjectId&, const SubjectId&) = default;
};

/// The tenant that owns the data; one per deployment today, bound into every seal.
struct TenantId {
  std::array<Byte, 16> bytes{};
  friend auto operator<=>(const TenantId&, const TenantId&) = default;
};

/// A keyed, deterministic index of one normalised identifier (crypto/index); safe to store.
struct BlindIndex {
  Hash32 bytes{};
  friend auto operator<=>(const BlindIndex&, const BlindIndex&) = default;
};

/// The version of a key at any level; 0 is "no key".
struct KeyVersion {
  std::uint32_t value = 0;
  friend auto operator<=>(const KeyVersion&, const KeyVersion&) = default;
};

/// Kinds of identifiers by which a person can be found. The values are stored: never reuse one.
enum class IdentifierType : std::uint8_t { kEmail = 1, kPhone = 2, kAccountId = 3 };

}  // namespace fieldgate

template <>
struct std::hash<fieldgate::SubjectId> {
  std::size_t operator()(const fieldgate::SubjectId& id) const noexcept {
    std::size_t value = 0;  // the id is random, so any eight of its bytes are a good hash
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};

template <>
struct std::hash<fieldgate::BlindIndex> {
  std::size_t operator()(const fieldgate::BlindIndex& index) const noexcept {
    std::size_t value = 0;  // the index is the output of a keyed hash
    std::memcpy(&value, index.bytes.data(), sizeof value);
    return value;
  }
};
