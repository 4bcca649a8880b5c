// The readers of stored logs, with hostile bytes: segment headers and frames, notes, checkpoints,
// verifier keys. They must end, stay inside the input, and agree with themselves.
#include "audit/format/scan.h"
#include "audit/format/segment.h"
#include "audit/merkle/checkpoint.h"
#include "audit/merkle/frontier.h"
#include "audit/merkle/note.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace fieldgate;

void demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void read_frames(ByteView bytes) {
  // Past a header that is always whole, so that the fuzzer need not find its digest.
  audit::DecodedHeader header;
  header.header.segment_bytes = bytes.size();
  std::uint64_t next = 0;
  const audit::SegmentScan scan =
      audit::scan_segment(bytes, header, [&](const audit::StoredRecord& record) {
        demand(record.index == next++);
        demand(record.leaf == audit::leaf_hash(record.record));
      });
  demand(scan.next_index == next);
  demand(scan.end <= scan.tail_end && scan.tail_end <= bytes.size());
  demand((scan.tail == audit::Tail::kNone) == (scan.end == scan.tail_end));
}

/// Builds whole batches from the input, then hurts one byte: what was read before the hurt must
/// still be read, and nothing else.
void hurt_batches(ByteView input) {
  if (input.size() < 8) {
    return;
  }
  const auto where = static_cast<std::size_t>(load_be<2>(input.data()));
  const Byte change = input[2];
  input = input.subspan(3);
  Bytes file;
  std::uint64_t index = 0;
  std::vector<std::pair<std::size_t, std::uint64_t>> ends;
  while (!input.empty()) {
    const std::size_t begin = file.size();
    Bytes leaves;
    const std::uint32_t count = 1 + input.front() % 3U;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::size_t wish = 1 + (input.empty() ? 0U : input.front() % 40U);
      const std::size_t size = std::min(input.size(), wish);
      Bytes record(input.begin(), input.begin() + static_cast<long>(size));
      if (record.empty()) {
        record.push_back('x');
      }
      input = input.subspan(size);
      const Hash32 leaf = audit::leaf_hash(record);
      file.resize(file.size() + audit::kRecordHeaderBytes);
      audit::encode_record_header(file.data() + file.size() - audit::kRecordHeaderBytes,
                                  record.size(), leaf);
      file.insert(file.end(), record.begin(), record.end());
      leaves.insert(leaves.end(), leaf.begin(), leaf.end());
    }
    const auto commit =
        audit::encode_commit(index, count, static_cast<std::uint32_t>(file.size() - begin), leaves);
    file.insert(file.end(), commit.begin(), commit.end());
    index += count;
    ends.emplace_back(file.size(), index);
  }
  const std::size_t used = file.size();
  file.resize(used + 100);
  audit::DecodedHeader header;
  header.header.segment_bytes = file.size();
  const auto ignore = [](const audit::StoredRecord&) {};
  demand(audit::scan_segment(file, header, ignore).next_index == index);
  const std::size_t at = where % used;
  if (change == 0) {
    return;
  }
  file[at] = static_cast<Byte>(file[at] ^ change);
  const audit::SegmentScan scan = audit::scan_segment(file, header, ignore);
  demand(scan.tail != audit::Tail::kNone);
  std::uint64_t whole = 0;
  for (const auto& [end, next] : ends) {
    whole = end <= at ? next : whole;
  }
  demand(scan.next_index == whole);
  if (ends.size() > 1 && at < ends[ends.size() - 2].first) {
    demand(scan.tail == audit::Tail::kDamaged);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const ByteView input(data + 1, size - 1);
  const std::string_view text = as_text(input);
  switch (data[0] % 5) {
    case 0:
      read_frames(input);
      break;
    case 1:
      hurt_batches(input);
      break;
    case 2:
      if (const auto header = audit::decode_segment_header(input); header.has_value()) {
        const Bytes again = audit::encode_segment_header(header->header);
        demand(std::equal(again.begin(), again.end(), input.begin()));
      }
      break;
    case 3:
      (void)audit::open_note(text, {});
      if (const auto checkpoint = audit::parse_checkpoint(text); checkpoint.has_value()) {
        demand(text.starts_with(audit::format_checkpoint(*checkpoint)));
      }
      break;
    default:
      if (const auto key = audit::parse_verifier_key(text); key.has_value()) {
        demand(audit::format_verifier_key(*key) == text);
      }
  }
  return 0;
}
