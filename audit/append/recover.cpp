#include "audit/append/recover.h"

#include "audit/format/log_files.h"
#include "audit/format/scan.h"
#include "audit/merkle/checkpoint.h"
#include "audit/merkle/note.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldgate::audit {

namespace {

Error corrupt(const std::filesystem::path& file, std::uint64_t offset, std::string_view what) {
  return make_error(
      ErrorCode::kCorrupt,
      "`" + file.string() + "` at byte " + std::to_string(offset) + ": " + std::string(what),
      "audit-corrupt");
}

Result<void> check_verifier_key(const std::filesystem::path& directory, const NoteKey& key) {
  const auto path = directory / kVerifierKeyFile;
  FIELDGATE_TRY(const Bytes stored, read_file(path, kMaxNoteBytes));
  if (as_text(stored) != format_verifier_key(key) + "\n") {
    return corrupt(path, 0, "the log belongs to another key or origin");
  }
  return ok();
}

Result<Checkpoint> read_checkpoint(const std::filesystem::path& directory, const NoteKey& key) {
  const auto path = directory / kCheckpointFile;
  FIELDGATE_TRY(const Bytes stored, read_file(path, kMaxNoteBytes));
  const std::array<NoteKey, 1> keys{key};
  Result<OpenedNote> note = open_note(as_text(stored), keys);
  if (note.has_error()) {
    return corrupt(path, 0, note.error().message);
  }
  Result<Checkpoint> checkpoint = parse_checkpoint(note->text);
  if (checkpoint.has_error()) {
    return corrupt(path, 0, checkpoint.error().message);
  }
  if (checkpoint->origin != key.name) {
    return corrupt(path, 0, "the checkpoint is of another log");
  }
  return checkpoint;
}

/// Reads one log from its files and keeps the tree as it grows.
class Recovery {
 public:
  Recovery(Log::State& state, Checkpoint checkpoint, std::vector<std::uint64_t> segments)
      : state_(state), checkpoint_(std::move(checkpoint)), segments_(std::move(segments)) {}

  Result<void> run(RecoveryReport& report) {
    if (segments_.empty() || segments_.front() != 0) {
      return corrupt(path_of(0), 0, "the first segment is missing");
    }
    // Reading begins in the segment that the checkpoint ends in: the signed root vouches for the
    // frontier in that segment's header.
    std::size_t start = segments_.size() - 1;
    while (segments_[start] > checkpoint_.size) {
      --start;
    }
    for (std::size_t i = 0; i < start; ++i) {
      FIELDGATE_TRY(const Bytes front, read_file(path_of(segments_[i]), kMaxSegmentHeaderBytes));
      FIELDGATE_TRY(const DecodedHeader header, check_header(i, front));
      FIELDGATE_CHECK_OK(check_size(i, header.header));
    }
    for (std::size_t i = start; i < segments_.size(); ++i) {
      FIELDGATE_CHECK_OK(read_segment(i, i == start, report));
    }
    return ok();
  }

 private:
  [[nodiscard]] std::filesystem::path path_of(std::uint64_t first) const {
    return state_.directory / segment_name(first);
  }

  Result<DecodedHeader> check_header(std::size_t i, ByteView bytes) const {
    const auto path = path_of(segments_[i]);
    Result<DecodedHeader> decoded = decode_segment_header(bytes);
    if (decoded.has_error()) {
      return corrupt(path, 0, decoded.error().message);
    }
    const SegmentHeader& header = decoded->header;
    if (header.origin != state_.origin) {
      return corrupt(path, kSegmentFixedBytes, "the segment is of another log");
    }
    if (header.first_index != segments_[i]) {
      return corrupt(path, 16, "the segment has been renamed");
    }
    if (header.previous_first != (i == 0 ? 0 : segments_[i - 1])) {
      return corrupt(path, 24, "a segment before this one is missing");
    }
    return decoded;
  }

  Result<void> check_size(std::size_t i, const SegmentHeader& header) const {
    const auto path = path_of(segments_[i]);
    FIELDGATE_TRY(const std::uint64_t size, file_bytes(path));
    // A segment has its full size, synced, before it gets its name: no crash makes it shorter.
    if (size < header.segment_bytes) {
      return corrupt(path, size, "the segment has been cut short");
    }
    if (size > header.segment_bytes && i + 1 < segments_.size()) {
      return corrupt(path, header.segment_bytes, "the segment has grown");
    }
    return ok();
  }

  Result<void> check_root(const std::filesystem::path& path, std::uint64_t offset) const {
    if (state_.tree.size() == checkpoint_.size && state_.tree.root() != checkpoint_.root) {
      return corrupt(path, offset,
                     "the records up to here do not have the root that the checkpoint signs");
    }
    return ok();
  }

  Result<void> read_segment(std::size_t i, bool first_read, RecoveryReport& report) {
    const auto path = path_of(segments_[i]);
    const bool last = i + 1 == segments_.size();
    Descriptor file;
    if (last) {
      file = Descriptor(state_.files, state_.files.open(path.string(), O_RDWR, 0));
      // What a killed process wrote may be in memory only; it counts as durable from here on.
      int error = file.open() ? state_.files.sync(file.get()) : file.get();
      if (error != 0) {
        return make_error(ErrorCode::kUnavailable,
                          "cannot open `" + path.string() + "` for writing: " + error_text(error),
                          "audit-unwritable");
      }
    }
    FIELDGATE_TRY(Bytes bytes, read_file(path, kMaxSegmentBytes));
    FIELDGATE_TRY(const DecodedHeader decoded, check_header(i, bytes));
    FIELDGATE_CHECK_OK(check_size(i, decoded.header));
    const std::uint64_t extra = bytes.size() - decoded.header.segment_bytes;
    bytes.resize(decoded.header.segment_bytes);
    if (first_read) {
      state_.tree = decoded.header.tree;
      FIELDGATE_CHECK_OK(check_root(path, 0));
    } else if (!(decoded.header.tree == state_.tree)) {
      return corrupt(path, kSegmentFixedBytes + decoded.header.origin.size(),
                     "the segment does not follow the records before it");
    }
    std::optional<std::uint64_t> wrong_root;
    const SegmentScan scan = scan_segment(bytes, decoded, [&](const StoredRecord& record) {
      state_.tree.push(record.leaf);
      if (!wrong_root && check_root(path, record.offset).has_error()) {
        wrong_root = record.offset;
      }
    });
    if (wrong_root) {
      return corrupt(path, *wrong_root,
                     "the records up to here do not have the root that the checkpoint signs");
    }
    const bool covered = scan.next_index < checkpoint_.size && last;
    if (scan.tail == Tail::kDamaged || (scan.tail != Tail::kNone && (!last || covered))) {
      return corrupt(path, scan.bad_offset, scan.what);
    }
    if (covered) {
      return corrupt(path, scan.end, "records that the checkpoint covers are missing");
    }
    if (!last) {
      return ok();
    }
    return take_over(std::move(file), path, decoded, scan, extra, report);
  }

  Result<void> take_over(Descriptor file, const std::filesystem::path& path,
                         const DecodedHeader& decoded, const SegmentScan& scan, std::uint64_t extra,
                         RecoveryReport& report) {
    const std::uint64_t size = decoded.header.segment_bytes;
    int error = state_.files.sync(state_.directory_file.get());
    if (error == 0 && extra != 0) {
      error = state_.files.truncate(file.get(), static_cast<off_t>(size));
    }
    if (error == 0 && scan.tail == Tail::kUnfinished) {
      error = zero_range(state_.files, file.get(), scan.end, scan.tail_end);
    }
    if (error == 0) {
      error = state_.files.sync(file.get());
    }
    if (error != 0) {
      return make_error(ErrorCode::kUnavailable,
                        "cannot repair `" + path.string() + "`: " + error_text(error),
                        "audit-unwritable");
    }
    report.torn_bytes = scan.tail_end - scan.end + extra;
    report.torn_tail = report.torn_bytes != 0;
    if (report.torn_tail) {
      report.says = "cleared " + std::to_string(report.torn_bytes) +
                    " bytes of an unfinished commit after record " +
                    std::to_string(scan.next_index) + " in `" + path.filename().string() +
                    "` at byte " + std::to_string(scan.end) + "; none of it had been acknowledged";
    }
    state_.writer.adopt(std::move(file), path.string(), decoded.header.first_index, scan.end, size,
                        state_.directory_file.get());
    return ok();
  }

  Log::State& state_;
  const Checkpoint checkpoint_;
  const std::vector<std::uint64_t> segments_;
};

}  // namespace

Result<void> recover_log(Log::State& state, RecoveryReport& report) {
  const NoteKey key = make_note_key(state.origin, state.signer.public_key());
  FIELDGATE_TRY(std::vector<std::uint64_t> segments, list_segments(state.directory));
  struct stat unused{};
  if (state.files.path_status((state.directory / kCheckpointFile).string(), unused) == -ENOENT) {
    if (segments.size() <= 1) {
      return make_error(ErrorCode::kNotFound,
                        "there is no finished log in `" + state.directory.string() + "`",
                        "audit-no-log");
    }
    return corrupt(state.directory / kCheckpointFile, 0, "the checkpoint is missing");
  }
  FIELDGATE_CHECK_OK(check_verifier_key(state.directory, key));
  FIELDGATE_TRY(const Checkpoint checkpoint, read_checkpoint(state.directory, key));
  Recovery recovery(state, checkpoint, std::move(segments));
  FIELDGATE_CHECK_OK(recovery.run(report));
  {
    const MutexLock lock(state.checkpoint_mutex);
    state.signed_size = checkpoint.size;
    state.signed_root = checkpoint.root;
  }
  const MutexLock lock(state.mutex);
  state.durable = state.tree;
  state.durable_size.store(state.tree.size(), std::memory_order_release);
  report.size = state.tree.size();
  return ok();
}

}  // namespace fieldgate::audit
