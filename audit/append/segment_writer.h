// Writes batches into the open segment and moves on to the next one.
#pragma once

#include "audit/append/file_ops.h"
#include "audit/append/mutex.h"
#include "audit/append/spare_segment.h"
#include "audit/format/segment.h"
#include "audit/merkle/frontier.h"

#include <fieldgate/base/result.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace fieldgate::audit {

/// Why a write did not happen. After `fatal` the state of the file is not known.
struct WriteFailure {
  bool fatal = false;
  bool spare_missing = false;  ///< not fatal: the next segment could not be made
  std::string what;
};

/// Used by the commit thread alone once it runs, but for `check_identity` and `poke`.
class SegmentWriter {
 public:
  SegmentWriter(FileOps& files, std::filesystem::path directory, std::string origin,
                std::uint64_t segment_bytes);

  /// Makes the first segment of a new log.
  [[nodiscard]] Result<void> create_first(int directory_fd);
  /// Goes on in a segment that has been read: `offset` is the end of its last batch.
  void adopt(Descriptor file, std::string path, std::uint64_t first_index, std::uint64_t offset,
             std::uint64_t file_size, int directory_fd);
  /// Begins to make the next segment.
  void prepare_next() { spare_.request(); }

  /// Writes the parts (frames and their COMMIT) with one synced write, moving to the next segment
  /// first where they do not fit; `tree` is the log before them. True when durable; otherwise
  /// nothing of the batch is left, or `failure.fatal`. `parts` is consumed.
  [[nodiscard]] bool write(std::span<iovec> parts, std::uint64_t bytes, const Frontier& tree,
                           WriteFailure& failure);

  /// What is wrong with the open file's name, link count, size or mode; empty when nothing is.
  /// Thread-safe.
  [[nodiscard]] std::string check_identity();
  /// When a spare is missing, tries to make it; true when there is one. Thread-safe.
  [[nodiscard]] bool poke();
  /// The largest batch with its COMMIT that fits any segment.
  [[nodiscard]] std::uint64_t room() const { return segment_bytes_ - kMaxSegmentHeaderBytes; }

 private:
  [[nodiscard]] bool roll(const Frontier& tree, WriteFailure& failure);
  [[nodiscard]] int install(Descriptor file, const SegmentHeader& header);
  [[nodiscard]] bool clean_leftovers(WriteFailure& failure);

  FileOps& files_;
  const std::filesystem::path directory_;
  const std::string origin_;
  const std::uint64_t segment_bytes_;
  int directory_fd_ = -1;
  std::uint64_t first_index_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t dirty_end_ = 0;  // a refused write may have left bytes in [offset_, dirty_end_)
  // The commit thread alone changes the members below, under the mutex, because others examine the
  // file; it reads them without.
  Mutex file_mutex_;
  std::uint64_t size_ = 0;
  Descriptor file_;
  std::string path_;
  SpareSegment spare_;
};

}  // namespace fieldgate::audit
