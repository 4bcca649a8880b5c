#include "audit/merkle/proof.h"

#include <fieldgate/audit/verify.h>

#include <algorithm>
#include <bit>

namespace fieldgate::audit {

InclusionPathBuilder::InclusionPathBuilder(std::uint64_t index, std::uint64_t size) {
  // From the root down: each split leaves the half without the leaf as a node of the path.
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
    if (index < split) {
      ranges_.push_back({split, end, {}});
      end = split;
    } else {
      ranges_.push_back({begin, split, {}});
      begin = split;
    }
  }
  std::reverse(ranges_.begin(), ranges_.end());
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    order_.push_back(i);
  }
  std::sort(order_.begin(), order_.end(),
            [this](std::size_t a, std::size_t b) { return ranges_[a].begin < ranges_[b].begin; });
}

void InclusionPathBuilder::push(std::uint64_t index, const Hash32& leaf) {
  while (next_ < order_.size() && ranges_[order_[next_]].end <= index) {
    ++next_;
  }
  if (next_ < order_.size() && ranges_[order_[next_]].begin <= index) {
    ranges_[order_[next_]].tree.push(leaf);
  }
}

std::vector<Hash32> InclusionPathBuilder::path() const {
  std::vector<Hash32> out;
  out.reserve(ranges_.size());
  for (const Range& range : ranges_) {
    out.push_back(range.tree.root());
  }
  return out;
}

// RFC 9162 section 2.1.3.2.
bool verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash32& leaf,
                      const std::vector<Hash32>& path, const Hash32& root) {
  if (index >= size) {
    return false;
  }
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Hash32 hash = leaf;
  for (const Hash32& sibling : path) {
    if (sn == 0) {
      return false;
    }
    if ((fn & 1U) != 0 || fn == sn) {
      hash = node_hash(sibling, hash);
      while ((fn & 1U) == 0 && fn != 0) {
        fn >>= 1U;
        sn >>= 1U;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  return sn == 0 && hash == root;
}

// RFC 9162 section 2.1.4.2. Nothing is consistent with an empty tree here: it has no root that a
// proof could lead to.
bool verify_consistency(std::uint64_t size1, std::uint64_t size2, const Hash32& root1,
                        const Hash32& root2, const std::vector<Hash32>& path) {
  if (size1 == 0 || size1 > size2) {
    return false;
  }
  if (size1 == size2) {
    return path.empty() && root1 == root2;
  }
  if (path.empty()) {
    return false;
  }
  std::size_t next = 0;
  std::uint64_t fn = size1 - 1;
  std::uint64_t sn = size2 - 1;
  while ((fn & 1U) != 0) {
    fn >>= 1U;
    sn >>= 1U;
  }
  // When size1 is a power of two its root is a node of the larger tree, so the proof omits it.
  const Hash32& first = std::has_single_bit(size1) ? root1 : path[next++];
  Hash32 old_hash = first;
  Hash32 new_hash = first;
  for (; next < path.size(); ++next) {
    if (sn == 0) {
      return false;
    }
    const Hash32& node = path[next];
    if ((fn & 1U) != 0 || fn == sn) {
      old_hash = node_hash(node, old_hash);
      new_hash = node_hash(node, new_hash);
      while ((fn & 1U) == 0 && fn != 0) {
        fn >>= 1U;
        sn >>= 1U;
      }
    } else {
      new_hash = node_hash(new_hash, node);
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  return sn == 0 && old_hash == root1 && new_hash == root2;
}

}  // namespace fieldgate::audit
