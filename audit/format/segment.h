// The bytes of a segment file: its header, record frames and COMMIT frames (docs/audit-format.md).
#pragma once

#include "audit/merkle/frontier.h"

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/result.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fieldgate::audit {

inline constexpr std::uint16_t kSegmentVersion = 1;
inline constexpr std::size_t kMaxOriginBytes = 255;
/// Magic to origin, exclusive.
inline constexpr std::size_t kSegmentFixedBytes = 40;
/// The longest header: origin, 64 frontier nodes, digest.
inline constexpr std::size_t kMaxSegmentHeaderBytes =
    kSegmentFixedBytes + kMaxOriginBytes + 64 * sizeof(Hash32) + sizeof(Hash32);
/// What a header may claim as the file's size; a reader allocates no more than this.
inline constexpr std::uint64_t kMaxSegmentBytes = 1024ULL * 1024 * 1024;
inline constexpr std::uint64_t kMinSegmentBytes = 128ULL * 1024;

/// 'R', 24-bit length, first four bytes of the leaf hash; then the record.
inline constexpr std::size_t kRecordHeaderBytes = 8;
inline constexpr Byte kRecordFrame = 'R';
/// 'C', 24-bit length, first index, count, bytes, digest, check, "END\n".
inline constexpr std::size_t kCommitFrameBytes = 64;
inline constexpr Byte kCommitFrame = 'C';

/// What every segment begins with. The frontier at its start lets an opener begin there.
struct SegmentHeader {
  std::string origin;
  std::uint64_t first_index = 0;
  std::uint64_t previous_first = 0;  ///< first index of the segment before; 0 for the first one
  std::uint64_t segment_bytes = 0;   ///< the file's size, fixed when it is made
  Frontier tree;                     ///< over all records before this segment
};

[[nodiscard]] Bytes encode_segment_header(const SegmentHeader& header);

struct DecodedHeader {
  SegmentHeader header;
  std::size_t bytes = 0;  ///< where the first frame begins
};
/// Reads the header at the front of `bytes`; `kCorrupt` with a plain sentence otherwise.
[[nodiscard]] Result<DecodedHeader> decode_segment_header(ByteView bytes);

/// "00000000000000000042.seg" for the segment whose first record is number 42.
[[nodiscard]] std::string segment_name(std::uint64_t first_index);
/// The inverse; nothing for any other name.
[[nodiscard]] std::optional<std::uint64_t> parse_segment_name(std::string_view name);

/// Writes the 8 bytes before a record; `size` is at most `kMaxRecordBytes`.
void encode_record_header(Byte* out, std::size_t size, const Hash32& leaf);

struct CommitFrame {
  std::uint64_t first_index = 0;
  std::uint32_t count = 0;
  std::uint32_t bytes = 0;  ///< of the record frames before it
  Hash32 digest{};          ///< SHA-256 of this frame's first 20 bytes and the leaf hashes
};
/// `leaves` are the concatenated leaf hashes of the batch.
[[nodiscard]] std::array<Byte, kCommitFrameBytes> encode_commit(std::uint64_t first_index,
                                                                std::uint32_t count,
                                                                std::uint32_t bytes,
                                                                ByteView leaves);
/// The fields of a COMMIT frame whose own check holds; nothing otherwise. Says nothing about the
/// batch. The end mark is not looked at.
[[nodiscard]] std::optional<CommitFrame> decode_commit(ByteView bytes);
[[nodiscard]] Hash32 commit_digest(ByteView first_20_bytes, ByteView leaves);
[[nodiscard]] bool has_end_mark(ByteView commit_frame);

}  // namespace fieldgate::audit
