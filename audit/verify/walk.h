// Reading a whole stored log and comparing it with its checkpoint.
#pragma once

#include "audit/format/scan.h"
#include "audit/merkle/checkpoint.h"
#include "audit/merkle/frontier.h"
#include "audit/merkle/note.h"

#include <fieldgate/audit/verify.h>
#include <fieldgate/base/result.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldgate::audit {

/// The log directory at `path`, or in its `log` folder; `kNotFound` when neither is one.
[[nodiscard]] Result<std::filesystem::path> locate_log(const std::filesystem::path& path);

/// The key in a log directory; `kCorrupt` when it is missing or cannot be read as one.
[[nodiscard]] Result<NoteKey> read_stored_key(const std::filesystem::path& directory);

/// Reads a log once, in order. A break is part of the report, not an error; an error means that the
/// log could not be read.
class LogWalk {
 public:
  explicit LogWalk(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Reads key and checkpoint. False when they are broken: the report says how.
  [[nodiscard]] Result<bool> read_checkpoint(std::string_view verifier_key);
  /// Reads every segment after `read_checkpoint` has returned true. `stopping` is asked before
  /// each; when it says so the reading ends with `kUnavailable`, and the report says nothing.
  [[nodiscard]] Result<void> read_segments(const RecordVisitor& visit,
                                           const std::function<bool()>& stopping = {});
  [[nodiscard]] const VerifyReport& report() const { return report_; }

 private:
  struct Segment {
    std::string name;
    std::filesystem::path path;
    bool last = false;
    std::uint64_t previous_first = 0;
  };
  void break_at(std::uint64_t index, std::string file, std::uint64_t offset, std::string what);
  [[nodiscard]] bool broken() const { return report_.first_break.has_value(); }
  [[nodiscard]] Result<void> read_segment(const Segment& segment, const RecordVisitor& visit);
  [[nodiscard]] bool check_header(const Segment& segment, ByteView bytes,
                                  const DecodedHeader& decoded);
  void take(const Segment& segment, const StoredRecord& record);
  void judge_end(const Segment& segment, const SegmentScan& scan, bool damaged);
  [[nodiscard]] Result<bool> still_damaged(const Segment& segment, const DecodedHeader& decoded,
                                           const SegmentScan& scan) const;

  std::filesystem::path directory_;
  Checkpoint checkpoint_;
  VerifyReport report_;
  Frontier tree_;
};

}  // namespace fieldgate::audit
