#include "audit/merkle/frontier.h"
#include "audit/merkle/proof.h"

#include <fieldgate/audit/verify.h>

#include <gtest/gtest.h>

#include <bit>
#include <vector>

namespace fieldgate::audit {
namespace {

Hash32 leaf_number(std::uint64_t number) {
  const std::array<Byte, 2> text{static_cast<Byte>(number >> 8U), static_cast<Byte>(number)};
  return leaf_hash(text);
}

/// The definition of RFC 9162 section 2.1.1, word for word, as a reference.
Hash32 reference_root(std::uint64_t begin, std::uint64_t end) {
  if (end - begin == 1) {
    return leaf_number(begin);
  }
  const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
  return node_hash(reference_root(begin, split), reference_root(split, end));
}

/// PROOF and SUBPROOF of RFC 9162 section 2.1.4.1, as a reference.
void reference_consistency(std::uint64_t old_size, std::uint64_t begin, std::uint64_t end,
                           bool whole, std::vector<Hash32>& out) {
  if (old_size == end - begin) {
    if (!whole) {
      out.push_back(reference_root(begin, end));
    }
    return;
  }
  const std::uint64_t split = std::bit_floor(end - begin - 1);
  if (old_size <= split) {
    reference_consistency(old_size, begin, begin + split, whole, out);
    out.push_back(reference_root(begin + split, end));
  } else {
    reference_consistency(old_size - split, begin + split, end, false, out);
    out.push_back(reference_root(begin, begin + split));
  }
}

constexpr std::uint64_t kTrees = 70;

TEST(Merkle, FrontierHasTheRootOfTheDefinition) {
  Frontier frontier;
  for (std::uint64_t size = 1; size <= kTrees; ++size) {
    frontier.push(leaf_number(size - 1));
    ASSERT_EQ(frontier.root(), reference_root(0, size)) << size;
    const auto nodes = frontier.nodes();
    ASSERT_EQ(nodes.size(), static_cast<std::size_t>(std::popcount(size)));
    const auto again = Frontier::from_nodes(size, nodes);
    ASSERT_TRUE(again.has_value());
    ASSERT_TRUE(*again == frontier);
    ASSERT_FALSE(Frontier::from_nodes(size + 1, nodes).has_value() &&
                 std::popcount(size) != std::popcount(size + 1));
  }
}

TEST(Merkle, EachInclusionProofVerifiesAndNoOtherDoes) {
  for (std::uint64_t size = 1; size <= kTrees; ++size) {
    const Hash32 root = reference_root(0, size);
    for (std::uint64_t index = 0; index < size; ++index) {
      InclusionPathBuilder builder(index, size);
      for (std::uint64_t i = 0; i < size + 3; ++i) {  // leaves beyond the size are ignored
        builder.push(i, leaf_number(i));
      }
      std::vector<Hash32> path = builder.path();
      ASSERT_TRUE(verify_inclusion(index, size, leaf_number(index), path, root));
      ASSERT_FALSE(verify_inclusion(index, size, leaf_number(index + 1), path, root));
      ASSERT_FALSE(verify_inclusion(size, size, leaf_number(index), path, root));
      path.push_back(root);
      ASSERT_FALSE(verify_inclusion(index, size, leaf_number(index), path, root));
      path.pop_back();
      if (!path.empty()) {
        path.back()[0] ^= 1U;
        ASSERT_FALSE(verify_inclusion(index, size, leaf_number(index), path, root));
        path.pop_back();
        ASSERT_FALSE(verify_inclusion(index, size, leaf_number(index), path, root));
      }
    }
  }
}

TEST(Merkle, EachConsistencyProofVerifiesAndNoOtherDoes) {
  for (std::uint64_t size = 1; size <= kTrees; ++size) {
    const Hash32 root = reference_root(0, size);
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      const Hash32 old_root = reference_root(0, old_size);
      std::vector<Hash32> path;
      reference_consistency(old_size, 0, size, true, path);
      ASSERT_TRUE(verify_consistency(old_size, size, old_root, root, path));
      Hash32 wrong = old_root;
      wrong[31] ^= 1U;
      ASSERT_FALSE(verify_consistency(old_size, size, wrong, root, path));
      ASSERT_FALSE(verify_consistency(0, size, old_root, root, path));
      path.push_back(root);
      ASSERT_FALSE(verify_consistency(old_size, size, old_root, root, path));
      path.pop_back();
      if (!path.empty()) {
        path.front()[5] ^= 4U;
        ASSERT_FALSE(verify_consistency(old_size, size, old_root, root, path));
      }
    }
  }
}

}  // namespace
}  // namespace fieldgate::audit
