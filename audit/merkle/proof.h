// Building inclusion proofs while a log is read once (RFC 9162 section 2.1.3).
#pragma once

#include "audit/merkle/frontier.h"

#include <fieldgate/base/bytes.h>

#include <cstdint>
#include <vector>

namespace fieldgate::audit {

/// Takes the leaves 0 to size-1 in order and keeps only what the path of one leaf needs: each node
/// of the path is the root of a range of leaves, the ranges are disjoint, so one frontier per range
/// is enough and memory stays logarithmic.
class InclusionPathBuilder {
 public:
  /// `index` must be below `size`.
  InclusionPathBuilder(std::uint64_t index, std::uint64_t size);
  void push(std::uint64_t index, const Hash32& leaf);
  /// The path, from the leaf's sibling up.
  [[nodiscard]] std::vector<Hash32> path() const;

 private:
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Frontier tree;
  };
  std::vector<Range> ranges_;       // from the leaf up
  std::vector<std::size_t> order_;  // of ranges_ by begin
  std::size_t next_ = 0;            // position in order_ of the first range that is not yet full
};

}  // namespace fieldgate::audit
