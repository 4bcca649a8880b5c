#include "audit/format/log_files.h"

#include "audit/format/segment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

namespace fieldgate::audit {

namespace {

Error unreadable(const std::filesystem::path& path, int error) {
  return make_error(
      error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
      "cannot read `" + path.string() + "`: " + std::generic_category().message(error),
      "audit-unreadable");
}

class ReadDescriptor {
 public:
  explicit ReadDescriptor(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~ReadDescriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  ReadDescriptor(const ReadDescriptor&) = delete;
  ReadDescriptor& operator=(const ReadDescriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<std::vector<std::uint64_t>> list_segments(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  std::vector<std::uint64_t> out;
  while (!error && entries != std::filesystem::directory_iterator()) {
    if (const auto first = parse_segment_name(entries->path().filename().string())) {
      out.push_back(*first);
    }
    entries.increment(error);
  }
  if (error) {
    return unreadable(directory, error.value());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<Bytes> read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const ReadDescriptor file(path);
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return unreadable(path, errno);
  }
  Bytes out(static_cast<std::size_t>(std::min<std::uint64_t>(
      limit, static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0)))));
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(file.get(), out.data() + done, out.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return unreadable(path, errno);
    }
    if (got == 0) {
      break;
    }
    done += static_cast<std::size_t>(got);
  }
  out.resize(done);
  return out;
}

Result<std::uint64_t> file_bytes(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return unreadable(path, errno);
  }
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace fieldgate::audit
