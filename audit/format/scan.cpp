#include "audit/format/scan.h"

#include <fieldgate/audit/log.h>
#include <fieldgate/audit/record.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace fieldgate::audit {

namespace {

/// The unit that a disk writes whole or not at all; page-wise copies are multiples of it.
constexpr std::uint64_t kSectorBytes = 512;

struct Misfit {
  std::uint64_t index;
  std::uint64_t offset;
  const char* what;
};

/// The frames of one batch; reused from batch to batch.
class BatchReader {
 public:
  BatchReader(ByteView bytes, std::uint64_t index, std::uint64_t offset)
      : bytes_(bytes), index_(index), offset_(offset) {}

  [[nodiscard]] std::uint64_t index() const { return index_; }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  /// Reads one whole batch and moves behind it, or says what is wrong and stays.
  std::optional<Misfit> next(const RecordVisitor& visit) {
    records_.clear();
    leaves_.clear();
    std::uint64_t at = offset_;
    for (;;) {
      const std::uint64_t index = index_ + records_.size();
      const ByteView rest = bytes_.subspan(at);
      if (!rest.empty() && rest[0] == kCommitFrame) {
        return finish(at, visit);
      }
      if (rest.size() < kRecordHeaderBytes || rest[0] != kRecordFrame) {
        return Misfit{index, at, "there is no frame where one must begin"};
      }
      const auto size = static_cast<std::size_t>(load_be<3>(rest.data() + 1));
      if (size == 0 || size > kMaxRecordBytes || size > rest.size() - kRecordHeaderBytes) {
        return Misfit{index, at, "a record frame has an impossible length"};
      }
      if (records_.size() == kMaxBatchRecords) {
        return Misfit{index, at, "a batch has too many records"};
      }
      const ByteView record = rest.subspan(kRecordHeaderBytes, size);
      const Hash32 leaf = leaf_hash(record);
      if (std::memcmp(leaf.data(), rest.data() + 4, 4) != 0) {
        return Misfit{index, at, "a record does not have the hash that its frame carries"};
      }
      records_.push_back({index, at, record, leaf});
      leaves_.insert(leaves_.end(), leaf.begin(), leaf.end());
      at += kRecordHeaderBytes + size;
    }
  }

 private:
  std::optional<Misfit> finish(std::uint64_t at, const RecordVisitor& visit) {
    const std::uint64_t index = index_ + records_.size();
    const ByteView rest = bytes_.subspan(at);
    const std::optional<CommitFrame> commit = decode_commit(rest);
    if (!commit || !has_end_mark(rest)) {
      return Misfit{index, at, "a COMMIT frame is not whole"};
    }
    if (records_.empty() || commit->count != records_.size() || commit->bytes != at - offset_) {
      return Misfit{index, at, "a COMMIT frame does not count the records before it"};
    }
    if (commit->first_index != index_) {
      return Misfit{index, at, "a COMMIT frame is for other records"};
    }
    if (commit->digest != commit_digest(rest.first(20), leaves_)) {
      return Misfit{index, at, "a batch does not have the digest that its COMMIT frame carries"};
    }
    for (const StoredRecord& record : records_) {
      visit(record);
    }
    index_ = index;
    offset_ = at + kCommitFrameBytes;
    return std::nullopt;
  }

  ByteView bytes_;
  std::uint64_t index_;
  std::uint64_t offset_;
  std::vector<StoredRecord> records_;
  Bytes leaves_;
};

std::uint64_t last_nonzero(ByteView bytes, std::uint64_t from) {
  std::uint64_t end = bytes.size();
  while (end >= from + 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + end - 8, 8);
    if (word != 0) {
      break;
    }
    end -= 8;
  }
  while (end > from && bytes[end - 1] == 0) {
    --end;
  }
  return end;
}

/// True when the part of some sector that lies in [begin, end) is all zero: it never arrived.
bool has_missing_sector(ByteView bytes, std::uint64_t begin, std::uint64_t end) {
  while (begin < end) {
    const std::uint64_t stop = std::min(end, (begin / kSectorBytes + 1) * kSectorBytes);
    const ByteView part = bytes.subspan(begin, stop - begin);
    if (std::all_of(part.begin(), part.end(), [](Byte byte) { return byte == 0; })) {
      return true;
    }
    begin = stop;
  }
  return false;
}

/// Where the COMMIT frame must stand if record frames are followed by their lengths alone; nothing
/// when that is beyond the file or no record stands at `at`.
std::optional<std::uint64_t> walk_records(ByteView bytes, std::uint64_t at) {
  const std::uint64_t begin = at;
  while (bytes.size() - at >= kRecordHeaderBytes && bytes[at] == kRecordFrame) {
    const std::uint64_t size = load_be<3>(bytes.data() + at + 1);
    if (size > bytes.size() - at - kRecordHeaderBytes) {
      return std::nullopt;
    }
    at += kRecordHeaderBytes + size;
  }
  return at == begin ? std::nullopt : std::optional(at);
}

// Only one write is ever in flight, it begins where the last whole batch ends, and it goes into
// zeros. So what a cut-off write leaves is: at most one batch long, followed by nothing, and
// lacking at least one piece (a zero sector, or its end). Whatever is not that was whole once.
// docs/audit-format.md has the reasoning and its limits.
Tail judge_tail(ByteView bytes, std::uint64_t begin, std::uint64_t tail_end) {
  static constexpr std::array<Byte, 4> kCommitStart{kCommitFrame, 0, 0, kCommitFrameBytes - 4};
  std::optional<std::uint64_t> own_commit;
  auto at = bytes.begin() + static_cast<long>(begin);
  const auto stop = bytes.begin() + static_cast<long>(tail_end);
  while ((at = std::search(at, stop, kCommitStart.begin(), kCommitStart.end())) != stop) {
    const auto offset = static_cast<std::uint64_t>(at - bytes.begin());
    if (const std::optional<CommitFrame> commit = decode_commit(bytes.subspan(offset))) {
      if (offset - begin != commit->bytes) {
        return Tail::kDamaged;  // the COMMIT of a later batch: the earlier one was acknowledged
      }
      own_commit = offset;
    }
    ++at;
  }
  if (tail_end - begin > kMaxBatchBytes + kCommitFrameBytes) {
    return Tail::kDamaged;
  }
  const std::optional<std::uint64_t> commit_at =
      own_commit ? own_commit : walk_records(bytes, begin);
  if (!commit_at) {
    return Tail::kUnfinished;
  }
  const std::uint64_t intended_end = *commit_at + kCommitFrameBytes;
  if (tail_end < intended_end) {
    return Tail::kUnfinished;
  }
  if (tail_end > intended_end) {
    // Behind a batch's own COMMIT there must be nothing. Without one the walk went astray, and
    // there is no telling where the write was to end.
    return own_commit ? Tail::kDamaged : Tail::kUnfinished;
  }
  return has_missing_sector(bytes, begin, intended_end) ? Tail::kUnfinished : Tail::kDamaged;
}

}  // namespace

SegmentScan scan_segment(ByteView bytes, const DecodedHeader& header, const RecordVisitor& visit) {
  BatchReader reader(bytes, header.header.first_index, header.bytes);
  SegmentScan out;
  std::optional<Misfit> misfit;
  // A frame begins with a byte that is not zero, so a zero means the end or a hole.
  while (!misfit && reader.offset() < bytes.size() && bytes[reader.offset()] != 0) {
    misfit = reader.next(visit);
  }
  out.next_index = reader.index();
  out.end = reader.offset();
  out.tail_end = last_nonzero(bytes, out.end);
  if (out.tail_end == out.end) {
    return out;
  }
  if (!misfit) {
    misfit = Misfit{out.next_index, out.end, "there is no frame where one must begin"};
  }
  out.tail = judge_tail(bytes, out.end, out.tail_end);
  out.bad_index = misfit->index;
  out.bad_offset = misfit->offset;
  out.what = misfit->what;
  return out;
}

}  // namespace fieldgate::audit
