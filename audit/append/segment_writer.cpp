#include "audit/append/segment_writer.h"

#include "audit/format/log_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fieldgate::audit {

SegmentWriter::SegmentWriter(FileOps& files, std::filesystem::path directory, std::string origin,
                             std::uint64_t segment_bytes)
    : files_(files),
      directory_(std::move(directory)),
      origin_(std::move(origin)),
      segment_bytes_(segment_bytes),
      spare_(files, (directory_ / kSpareFile).string(), segment_bytes) {}

Result<void> SegmentWriter::create_first(int directory_fd) {
  directory_fd_ = directory_fd;
  WriteFailure failure;
  if (!roll(Frontier{}, failure)) {
    return make_error(ErrorCode::kUnavailable, failure.what, "audit-segment");
  }
  return ok();
}

void SegmentWriter::adopt(Descriptor file, std::string path, std::uint64_t first_index,
                          std::uint64_t offset, std::uint64_t file_size, int directory_fd) {
  directory_fd_ = directory_fd;
  first_index_ = first_index;
  offset_ = offset;
  dirty_end_ = offset;
  const MutexLock lock(file_mutex_);
  size_ = file_size;
  file_ = std::move(file);
  path_ = std::move(path);
}

bool SegmentWriter::roll(const Frontier& tree, WriteFailure& failure) {
  SpareSegment::Taken spare = spare_.take();
  if (spare.error != 0) {
    failure = {!is_passing(-spare.error), true,
               "cannot make the next segment: " + error_text(spare.error)};
    return false;
  }
  const SegmentHeader header{origin_, tree.size(), first_index_, segment_bytes_, tree};
  const int error = install(std::move(spare.file), header);
  spare_.release();
  if (error != 0) {
    failure = {!is_full(-error), true, "cannot begin the next segment: " + error_text(error)};
    return false;
  }
  spare_.request();
  return true;
}

int SegmentWriter::install(Descriptor file, const SegmentHeader& header) {
  const Bytes bytes = encode_segment_header(header);
  const std::string path = (directory_ / segment_name(header.first_index)).string();
  // The header is durable before the name is, so a named segment always has a whole header.
  if (const int error = write_all_synced(files_, file.get(), bytes, 0); error != 0) {
    return error;
  }
  if (const int error = files_.rename(spare_.path(), path); error != 0) {
    return error;
  }
  if (const int error = files_.sync(directory_fd_); error != 0) {
    // The name may or may not survive; going on with either file could lose records.
    return is_full(-error) ? -EIO : error;
  }
  first_index_ = header.first_index;
  offset_ = bytes.size();
  dirty_end_ = offset_;
  const MutexLock lock(file_mutex_);
  size_ = header.segment_bytes;
  file_ = std::move(file);
  path_ = path;
  return 0;
}

bool SegmentWriter::clean_leftovers(WriteFailure& failure) {
  if (dirty_end_ <= offset_) {
    return true;
  }
  if (const int error = zero_range(files_, file_.get(), offset_, dirty_end_); error != 0) {
    failure = {!is_full(-error), false, "cannot clear an unfinished commit: " + error_text(error)};
    return false;
  }
  dirty_end_ = offset_;
  return true;
}

bool SegmentWriter::write(std::span<iovec> parts, std::uint64_t bytes, const Frontier& tree,
                          WriteFailure& failure) {
  if (!clean_leftovers(failure)) {
    return false;
  }
  if (bytes > size_ - offset_ && !roll(tree, failure)) {
    return false;
  }
  std::uint64_t at = offset_;
  const std::uint64_t end = offset_ + bytes;
  while (at < end) {
    const ssize_t done = files_.write_synced(
        file_.get(), parts.data(), static_cast<int>(parts.size()), static_cast<off_t>(at));
    if (done == -EINTR) {
      continue;
    }
    if (done <= 0) {
      const int error = done == 0 ? -EIO : static_cast<int>(done);
      failure = {!is_full(-error), false, "cannot write a commit: " + error_text(error)};
      if (!failure.fatal) {
        dirty_end_ = end;
        WriteFailure cleaning;
        if (!clean_leftovers(cleaning) && cleaning.fatal) {
          failure = cleaning;
        }
      }
      return false;
    }
    at += static_cast<std::uint64_t>(done);
    for (auto left = static_cast<std::size_t>(done); left > 0;) {
      iovec& part = parts.front();
      const std::size_t step = std::min(left, part.iov_len);
      part.iov_base = static_cast<Byte*>(part.iov_base) + step;
      part.iov_len -= step;
      left -= step;
      if (part.iov_len == 0) {
        parts = parts.subspan(1);
      }
    }
  }
  offset_ = end;
  dirty_end_ = end;
  return true;
}

std::string SegmentWriter::check_identity() {
  const MutexLock lock(file_mutex_);
  struct stat opened{};
  struct stat named{};
  if (const int error = files_.descriptor_status(file_.get(), opened); error != 0) {
    return "the open segment cannot be examined: " + error_text(error);
  }
  if (opened.st_nlink != 1) {
    return opened.st_nlink == 0 ? "the open segment has been deleted"
                                : "the open segment has a second name";
  }
  if (const int error = files_.path_status(path_, named); error != 0) {
    return "the open segment is not in its place: " + error_text(error);
  }
  if (named.st_dev != opened.st_dev || named.st_ino != opened.st_ino) {
    return "another file stands in the place of the open segment";
  }
  if ((opened.st_mode & S_IWUSR) == 0) {
    return "the open segment has been made read-only";
  }
  if (static_cast<std::uint64_t>(opened.st_size) != size_) {
    return "the open segment has changed its size";
  }
  return {};
}

bool SegmentWriter::poke() {
  spare_.request();
  return spare_.ready();
}

}  // namespace fieldgate::audit
