#include "audit/format/segment.h"

#include <fieldgate/crypto/hash.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <vector>

namespace fieldgate::audit {

namespace {

constexpr std::array<Byte, 8> kMagic{'F', 'G', 'A', 'U', 'D', 'I', 'T', '\n'};
constexpr std::array<Byte, 4> kEndMark{'E', 'N', 'D', '\n'};
constexpr std::string_view kNameSuffix = ".seg";
constexpr std::size_t kNameDigits = 20;

// Offsets in a COMMIT frame.
constexpr std::size_t kCommitFirst = 4;
constexpr std::size_t kCommitCount = 12;
constexpr std::size_t kCommitBytes = 16;
constexpr std::size_t kCommitDigest = 20;
constexpr std::size_t kCommitCheck = 52;
constexpr std::size_t kCommitCheckBytes = 8;
constexpr std::size_t kCommitEnd = 60;

Error bad_header(const char* what) {
  return make_error(ErrorCode::kCorrupt, what, "audit-segment-header");
}

void append_bytes(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

Bytes encode_segment_header(const SegmentHeader& header) {
  const std::vector<Hash32> nodes = header.tree.nodes();
  const std::size_t size =
      kSegmentFixedBytes + header.origin.size() + nodes.size() * sizeof(Hash32) + sizeof(Hash32);
  Bytes out;
  out.reserve(size);
  append_bytes(out, kMagic);
  append_be<4>(out, size);
  append_be<2>(out, kSegmentVersion);
  append_be<2>(out, header.origin.size());
  append_be<8>(out, header.first_index);
  append_be<8>(out, header.previous_first);
  append_be<8>(out, header.segment_bytes);
  append_bytes(out, as_bytes(header.origin));
  for (const Hash32& node : nodes) {
    append_bytes(out, node);
  }
  append_bytes(out, crypto::sha256(ByteView(out)));
  return out;
}

Result<DecodedHeader> decode_segment_header(ByteView bytes) {
  if (bytes.size() < kSegmentFixedBytes) {
    return bad_header("the segment header is cut off");
  }
  if (!std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) {
    return bad_header("the file does not begin as a segment does");
  }
  const auto size = static_cast<std::size_t>(load_be<4>(bytes.data() + 8));
  if (size < kSegmentFixedBytes + sizeof(Hash32) || size > kMaxSegmentHeaderBytes) {
    return bad_header("the segment header has an impossible length");
  }
  if (size > bytes.size()) {
    return bad_header("the segment header is cut off");
  }
  const ByteView body = bytes.first(size - sizeof(Hash32));
  const Hash32 digest = crypto::sha256(body);
  if (!std::equal(digest.begin(), digest.end(), bytes.begin() + static_cast<long>(body.size()))) {
    return bad_header("the segment header does not have the digest that it carries");
  }
  if (load_be<2>(bytes.data() + 12) != kSegmentVersion) {
    return bad_header("the segment has a format version that is not known");
  }
  const auto origin_bytes = static_cast<std::size_t>(load_be<2>(bytes.data() + 14));
  DecodedHeader out;
  out.bytes = size;
  out.header.first_index = load_be<8>(bytes.data() + 16);
  out.header.previous_first = load_be<8>(bytes.data() + 24);
  out.header.segment_bytes = load_be<8>(bytes.data() + 32);
  const auto node_count = static_cast<std::size_t>(std::popcount(out.header.first_index));
  if (body.size() != kSegmentFixedBytes + origin_bytes + node_count * sizeof(Hash32)) {
    return bad_header("the segment header has an impossible length");
  }
  if (out.header.segment_bytes < kMinSegmentBytes || out.header.segment_bytes > kMaxSegmentBytes) {
    return bad_header("the segment header states an impossible file size");
  }
  out.header.origin = std::string(as_text(body.subspan(kSegmentFixedBytes, origin_bytes)));
  std::vector<Hash32> nodes(node_count);
  for (std::size_t i = 0; i < node_count; ++i) {
    std::memcpy(nodes[i].data(),
                body.data() + kSegmentFixedBytes + origin_bytes + i * sizeof(Hash32),
                sizeof(Hash32));
  }
  out.header.tree = *Frontier::from_nodes(out.header.first_index, nodes);
  return out;
}

std::string segment_name(std::uint64_t first_index) {
  const std::string digits = std::to_string(first_index);
  return std::string(kNameDigits - digits.size(), '0') + digits + std::string(kNameSuffix);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != kNameDigits + kNameSuffix.size() || !name.ends_with(kNameSuffix)) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const char* end = name.data() + kNameDigits;
  const auto parsed = std::from_chars(name.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return std::nullopt;
  }
  return value;
}

void encode_record_header(Byte* out, std::size_t size, const Hash32& leaf) {
  out[0] = kRecordFrame;
  store_be<3>(out + 1, size);
  std::memcpy(out + 4, leaf.data(), 4);
}

Hash32 commit_digest(ByteView first_20_bytes, ByteView leaves) {
  return crypto::sha256({first_20_bytes, leaves});
}

std::array<Byte, kCommitFrameBytes> encode_commit(std::uint64_t first_index, std::uint32_t count,
                                                  std::uint32_t bytes, ByteView leaves) {
  std::array<Byte, kCommitFrameBytes> out{};
  out[0] = kCommitFrame;
  store_be<3>(out.data() + 1, kCommitFrameBytes - 4);
  store_be<8>(out.data() + kCommitFirst, first_index);
  store_be<4>(out.data() + kCommitCount, count);
  store_be<4>(out.data() + kCommitBytes, bytes);
  const Hash32 digest = commit_digest(ByteView(out).first(kCommitDigest), leaves);
  std::memcpy(out.data() + kCommitDigest, digest.data(), digest.size());
  const Hash32 check = crypto::sha256(ByteView(out).first(kCommitCheck));
  std::memcpy(out.data() + kCommitCheck, check.data(), kCommitCheckBytes);
  std::memcpy(out.data() + kCommitEnd, kEndMark.data(), kEndMark.size());
  return out;
}

std::optional<CommitFrame> decode_commit(ByteView bytes) {
  if (bytes.size() < kCommitFrameBytes || bytes[0] != kCommitFrame ||
      load_be<3>(bytes.data() + 1) != kCommitFrameBytes - 4) {
    return std::nullopt;
  }
  const Hash32 check = crypto::sha256(bytes.first(kCommitCheck));
  if (std::memcmp(check.data(), bytes.data() + kCommitCheck, kCommitCheckBytes) != 0) {
    return std::nullopt;
  }
  CommitFrame out;
  out.first_index = load_be<8>(bytes.data() + kCommitFirst);
  out.count = static_cast<std::uint32_t>(load_be<4>(bytes.data() + kCommitCount));
  out.bytes = static_cast<std::uint32_t>(load_be<4>(bytes.data() + kCommitBytes));
  std::memcpy(out.digest.data(), bytes.data() + kCommitDigest, out.digest.size());
  return out;
}

bool has_end_mark(ByteView commit_frame) {
  return commit_frame.size() >= kCommitFrameBytes &&
         std::equal(kEndMark.begin(), kEndMark.end(), commit_frame.begin() + kCommitEnd);
}

}  // namespace fieldgate::audit
