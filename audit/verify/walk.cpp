#include "audit/verify/walk.h"

#include "audit/format/log_files.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <utility>

namespace fieldgate::audit {

namespace {

const RecordVisitor kIgnore = [](const StoredRecord&) {};

bool looks_like_log(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::exists(directory / kCheckpointFile, error) ||
      std::filesystem::exists(directory / kVerifierKeyFile, error)) {
    return true;
  }
  const auto segments = list_segments(directory);
  return segments.has_value() && !segments->empty();
}

}  // namespace

Result<std::filesystem::path> locate_log(const std::filesystem::path& path) {
  if (looks_like_log(path)) {
    return path;
  }
  // A log is named by its own folder, by the data directory around it, or by a demo's home.
  for (const char* inside : {"log", "data/log"}) {
    if (looks_like_log(path / inside)) {
      return path / inside;
    }
  }
  return make_error(
      ErrorCode::kInvalid,
      "`" + path.string() + "` is neither a log nor a folder that holds one in `log` or `data/log`",
      "audit-no-log");
}

Result<NoteKey> read_stored_key(const std::filesystem::path& directory) {
  Error broken = make_error(ErrorCode::kCorrupt, "the stored verifier key is missing or not one",
                            "verifier-key");
  const Result<Bytes> file = read_file(directory / kVerifierKeyFile, kMaxNoteBytes);
  if (file.has_error()) {
    return file.error().code == ErrorCode::kNotFound ? broken : file.error();
  }
  if (file->empty() || file->back() != '\n') {
    return broken;
  }
  Result<NoteKey> key = parse_verifier_key(as_text(ByteView(*file).first(file->size() - 1)));
  if (key.has_error()) {
    return broken;
  }
  return key;
}

void LogWalk::break_at(std::uint64_t index, std::string file, std::uint64_t offset,
                       std::string what) {
  if (!broken()) {
    report_.first_break = LogBreak{index, std::move(file), offset, std::move(what)};
  }
}

Result<bool> LogWalk::read_checkpoint(std::string_view verifier_key) {
  const Result<NoteKey> key =
      verifier_key.empty() ? read_stored_key(directory_) : parse_verifier_key(verifier_key);
  if (key.has_error() && key.error().code != ErrorCode::kCorrupt) {
    return key.error();
  }
  if (key.has_error()) {
    break_at(0, kVerifierKeyFile, 0, key.error().message);
    return false;
  }
  const Result<Bytes> file = read_file(directory_ / kCheckpointFile, kMaxNoteBytes);
  if (file.has_error() && file.error().code != ErrorCode::kNotFound) {
    return file.error();
  }
  if (file.has_error()) {
    break_at(0, kCheckpointFile, 0, "the checkpoint is missing");
    return false;
  }
  const std::array<NoteKey, 1> keys{*key};
  const Result<OpenedNote> note = open_note(as_text(*file), keys);
  if (note.has_error()) {
    break_at(0, kCheckpointFile, 0, note.error().message);
    return false;
  }
  Result<Checkpoint> checkpoint = parse_checkpoint(note->text);
  if (checkpoint.has_error()) {
    break_at(0, kCheckpointFile, 0, checkpoint.error().message);
    return false;
  }
  if (checkpoint->origin != key->name) {
    break_at(0, kCheckpointFile, 0, "the checkpoint is of another log than its key");
    return false;
  }
  checkpoint_ = std::move(*checkpoint);
  report_.size = checkpoint_.size;
  report_.root = checkpoint_.root;
  return true;
}

Result<void> LogWalk::read_segments(const RecordVisitor& visit,
                                    const std::function<bool()>& stopping) {
  // The checkpoint was read before, so that a log in use cannot be behind it.
  FIELDGATE_TRY(const std::vector<std::uint64_t> firsts, list_segments(directory_));
  report_.complete = true;
  if (checkpoint_.size == 0 && tree_.root() != checkpoint_.root) {
    break_at(0, kCheckpointFile, 0, "the signed root of an empty log is not that of no records");
  }
  std::uint64_t previous = 0;
  for (std::size_t i = 0; i < firsts.size() && !broken(); ++i) {
    if (stopping && stopping()) {
      return make_error(ErrorCode::kUnavailable, "the reading of the log was stopped");
    }
    const std::string name = segment_name(firsts[i]);
    if (firsts[i] != tree_.size()) {
      break_at(tree_.size(), segment_name(tree_.size()), 0, "a segment is missing");
      break;
    }
    const Segment segment{name, directory_ / name, i + 1 == firsts.size(), previous};
    FIELDGATE_CHECK_OK(read_segment(segment, visit));
    previous = firsts[i];
  }
  if (firsts.empty()) {
    break_at(0, segment_name(0), 0, "the first segment is missing");
  }
  report_.stored = tree_.size();
  report_.complete = report_.complete && !broken() && report_.stored == report_.size;
  report_.ok = !broken();
  return ok();
}

bool LogWalk::check_header(const Segment& segment, ByteView bytes, const DecodedHeader& decoded) {
  const SegmentHeader& header = decoded.header;
  const std::uint64_t index = tree_.size();
  if (header.origin != checkpoint_.origin) {
    break_at(index, segment.name, kSegmentFixedBytes, "the segment is of another log");
  } else if (header.first_index != index) {
    break_at(index, segment.name, 16, "the segment has been renamed");
  } else if (header.previous_first != segment.previous_first) {
    break_at(index, segment.name, 24, "the segment names another one before it");
  } else if (!(header.tree == tree_)) {
    break_at(index, segment.name, kSegmentFixedBytes + header.origin.size(),
             "the segment does not follow the records before it");
  } else if (!segment.last && bytes.size() != header.segment_bytes) {
    break_at(index, segment.name, std::min<std::uint64_t>(bytes.size(), header.segment_bytes),
             "the segment does not have the size that it was made with");
  }
  return !broken();
}

void LogWalk::take(const Segment& segment, const StoredRecord& record) {
  tree_.push(record.leaf);
  if (tree_.size() == checkpoint_.size && tree_.root() != checkpoint_.root) {
    break_at(record.index, segment.name, record.offset,
             "the records up to here do not have the root that the checkpoint signs");
  }
}

Result<void> LogWalk::read_segment(const Segment& segment, const RecordVisitor& visit) {
  FIELDGATE_TRY(Bytes bytes, read_file(segment.path, kMaxSegmentBytes + 1));
  const Result<DecodedHeader> decoded = decode_segment_header(bytes);
  if (decoded.has_error()) {
    break_at(tree_.size(), segment.name, 0, decoded.error().message);
    return ok();
  }
  if (!check_header(segment, bytes, *decoded)) {
    return ok();
  }
  if (bytes.size() != decoded->header.segment_bytes) {
    report_.complete = false;  // cut or grown behind what the checkpoint covers, or broken below
    bytes.resize(std::min<std::uint64_t>(bytes.size(), decoded->header.segment_bytes));
  }
  const SegmentScan scan = scan_segment(bytes, *decoded, [&](const StoredRecord& record) {
    take(segment, record);
    if (!broken()) {
      visit(record);
    }
  });
  if (broken()) {
    return ok();
  }
  bool damaged = scan.tail == Tail::kDamaged;
  if (damaged && segment.last && scan.next_index >= checkpoint_.size) {
    FIELDGATE_TRY(damaged, still_damaged(segment, *decoded, scan));
  }
  judge_end(segment, scan, damaged);
  return ok();
}

Result<bool> LogWalk::still_damaged(const Segment& segment, const DecodedHeader& decoded,
                                    const SegmentScan& scan) const {
  // A log in use may have been written to while the file was read, page by page. What is still
  // wrong at the same place in a second reading is damage.
  FIELDGATE_TRY(Bytes bytes, read_file(segment.path, kMaxSegmentBytes));
  bytes.resize(std::min<std::uint64_t>(bytes.size(), decoded.header.segment_bytes));
  const SegmentScan again = scan_segment(bytes, decoded, kIgnore);
  return again.tail == Tail::kDamaged && again.bad_offset == scan.bad_offset;
}

void LogWalk::judge_end(const Segment& segment, const SegmentScan& scan, bool damaged) {
  const bool covered = scan.next_index < checkpoint_.size && segment.last;
  if (damaged || (scan.tail != Tail::kNone && (!segment.last || covered))) {
    break_at(scan.bad_index, segment.name, scan.bad_offset, scan.what);
  } else if (covered) {
    break_at(scan.next_index, segment.name, scan.end,
             "records that the checkpoint covers are missing");
  } else if (scan.tail != Tail::kNone) {
    report_.complete = false;
  }
}

}  // namespace fieldgate::audit
