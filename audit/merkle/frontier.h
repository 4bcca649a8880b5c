// The compact form of an RFC 6962 Merkle tree that only grows: the roots of its full subtrees.
#pragma once

#include <fieldgate/base/bytes.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fieldgate::audit {

/// SHA-256(0x00 || record), RFC 6962 section 2.1.
[[nodiscard]] Hash32 leaf_hash(ByteView record);
/// SHA-256(0x01 || left || right), RFC 6962 section 2.1.
[[nodiscard]] Hash32 node_hash(const Hash32& left, const Hash32& right);

class Frontier {
 public:
  /// Appends a leaf; one node hash on average.
  void push(const Hash32& leaf);
  /// The tree's root; SHA-256 of nothing for an empty tree.
  [[nodiscard]] Hash32 root() const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Roots of the full subtrees, largest first: one for each bit that is set in `size()`.
  [[nodiscard]] std::vector<Hash32> nodes() const;
  /// The inverse of `nodes()`; nothing when their number does not fit `size`.
  [[nodiscard]] static std::optional<Frontier> from_nodes(std::uint64_t size,
                                                          std::span<const Hash32> nodes);
  friend bool operator==(const Frontier& a, const Frontier& b) {
    return a.size_ == b.size_ && a.nodes() == b.nodes();
  }

 private:
  std::uint64_t size_ = 0;
  // Entry L is the root of a full subtree of 2^L leaves; meaningful where bit L of size_ is set.
  std::array<Hash32, 64> nodes_{};
};

}  // namespace fieldgate::audit
