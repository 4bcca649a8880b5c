// Reading the frames of one segment, and telling an unfinished write from damage.
#pragma once

#include "audit/format/segment.h"

#include <fieldgate/base/bytes.h>

#include <cstdint>
#include <functional>
#include <string>

namespace fieldgate::audit {

struct StoredRecord {
  std::uint64_t index = 0;
  std::uint64_t offset = 0;  ///< of its frame
  ByteView record;
  Hash32 leaf{};
};
/// Called for each record of each whole batch, in order.
using RecordVisitor = std::function<void(const StoredRecord&)>;

/// What stands after the last whole batch.
enum class Tail : std::uint8_t {
  kNone,        ///< zeros to the end of the file
  kUnfinished,  ///< what a write that was cut off can leave: it cannot have been acknowledged
  kDamaged,     ///< what no cut-off write can leave: a batch that was whole once is not any more
};

struct SegmentScan {
  std::uint64_t next_index = 0;  ///< one past the last record of a whole batch
  std::uint64_t end = 0;         ///< offset after the last whole batch
  Tail tail = Tail::kNone;
  std::uint64_t tail_end = 0;  ///< one past the last byte that is not zero (`end` when none)
  // Where `tail` is not kNone: the first frame that is not right.
  std::uint64_t bad_index = 0;
  std::uint64_t bad_offset = 0;
  std::string what;
};

/// Reads the frames that follow the header in `bytes`, the whole file.
[[nodiscard]] SegmentScan scan_segment(ByteView bytes, const DecodedHeader& header,
                                       const RecordVisitor& visit);

}  // namespace fieldgate::audit
