#include "audit/merkle/frontier.h"

#include <fieldgate/crypto/hash.h>

#include <algorithm>
#include <bit>

namespace fieldgate::audit {

namespace {
constexpr std::array<Byte, 1> kLeafPrefix{0x00};
constexpr Byte kNodePrefix = 0x01;
}  // namespace

Hash32 leaf_hash(ByteView record) {
  return crypto::sha256({ByteView(kLeafPrefix), record});
}

Hash32 node_hash(const Hash32& left, const Hash32& right) {
  std::array<Byte, 65> input{};  // one contiguous part hashes faster than three
  input[0] = kNodePrefix;
  std::copy(left.begin(), left.end(), input.begin() + 1);
  std::copy(right.begin(), right.end(), input.begin() + 33);
  return crypto::sha256(ByteView(input));
}

void Frontier::push(const Hash32& leaf) {
  Hash32 carry = leaf;
  std::size_t level = 0;
  for (; ((size_ >> level) & 1U) != 0; ++level) {
    carry = node_hash(nodes_[level], carry);
  }
  nodes_[level] = carry;
  ++size_;
}

Hash32 Frontier::root() const {
  if (size_ == 0) {
    return crypto::sha256(ByteView{});
  }
  auto level = static_cast<std::size_t>(std::countr_zero(size_));
  Hash32 root = nodes_[level];
  for (++level; level < nodes_.size(); ++level) {
    if (((size_ >> level) & 1U) != 0) {
      root = node_hash(nodes_[level], root);
    }
  }
  return root;
}

std::vector<Hash32> Frontier::nodes() const {
  std::vector<Hash32> out;
  out.reserve(static_cast<std::size_t>(std::popcount(size_)));
  for (std::size_t level = nodes_.size(); level-- > 0;) {
    if (((size_ >> level) & 1U) != 0) {
      out.push_back(nodes_[level]);
    }
  }
  return out;
}

std::optional<Frontier> Frontier::from_nodes(std::uint64_t size, std::span<const Hash32> nodes) {
  if (static_cast<std::size_t>(std::popcount(size)) != nodes.size()) {
    return std::nullopt;
  }
  Frontier frontier;
  frontier.size_ = size;
  std::size_t next = 0;
  for (std::size_t level = frontier.nodes_.size(); level-- > 0;) {
    if (((size >> level) & 1U) != 0) {
      frontier.nodes_[level] = nodes[next++];
    }
  }
  return frontier;
}

}  // namespace fieldgate::audit
