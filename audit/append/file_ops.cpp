#include "audit/append/file_ops.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace fieldgate::audit {

namespace {

// Small enough that a commit which queues behind one piece hardly notices.
constexpr std::size_t kZeroPieceBytes = 256UL * 1024;
constexpr mode_t kFileMode = 0640;

template <class T>
T or_errno(T result) {
  return result < 0 ? static_cast<T>(-errno) : result;
}

}  // namespace

int FileOps::open(const std::string& path, int flags, mode_t mode) {
  return or_errno(::open(path.c_str(), flags | O_CLOEXEC, mode));
}

int FileOps::close(int fd) {
  return or_errno(::close(fd));
}

ssize_t FileOps::write_synced(int fd, const iovec* parts, int count, off_t offset) {
  return or_errno(::pwritev2(fd, parts, count, offset, RWF_DSYNC));
}

ssize_t FileOps::write(int fd, ByteView bytes, off_t offset) {
  return or_errno(::pwrite(fd, bytes.data(), bytes.size(), offset));
}

int FileOps::sync(int fd) {
  return or_errno(::fsync(fd));
}

int FileOps::allocate(int fd, off_t size) {
  return or_errno(::fallocate(fd, 0, 0, size));
}

int FileOps::truncate(int fd, off_t size) {
  return or_errno(::ftruncate(fd, size));
}

int FileOps::rename(const std::string& from, const std::string& to) {
  return or_errno(::rename(from.c_str(), to.c_str()));
}

int FileOps::remove(const std::string& path) {
  return or_errno(::unlink(path.c_str()));
}

int FileOps::descriptor_status(int fd, struct stat& out) {
  return or_errno(::fstat(fd, &out));
}

int FileOps::path_status(const std::string& path, struct stat& out) {
  return or_errno(::lstat(path.c_str(), &out));
}

FileOps& system_file_ops() {
  static FileOps ops;
  return ops;
}

bool is_full(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

bool is_passing(int error) {
  return is_full(error) || error == EMFILE || error == ENFILE || error == ENOMEM;
}

void Descriptor::reset() {
  if (fd_ >= 0) {
    files_->close(fd_);
    fd_ = -1;
  }
}

int write_all_synced(FileOps& files, int fd, ByteView bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    // iovec has no const; the kernel only reads.
    const iovec part{const_cast<Byte*>(bytes.data()), bytes.size()};
    const ssize_t done = files.write_synced(fd, &part, 1, static_cast<off_t>(offset));
    if (done == -EINTR) {
      continue;
    }
    if (done <= 0) {
      return done == 0 ? -EIO : static_cast<int>(done);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
  return 0;
}

int zero_range(FileOps& files, int fd, std::uint64_t begin, std::uint64_t end) {
  static constexpr std::array<Byte, kZeroPieceBytes> kZeros{};
  while (begin < end) {
    const std::size_t size = std::min<std::uint64_t>(end - begin, kZeros.size());
    if (const int error = write_all_synced(files, fd, ByteView(kZeros).first(size), begin);
        error != 0) {
      return error;
    }
    begin += size;
  }
  return 0;
}

int replace_file(FileOps& files, int directory_fd, const std::string& path, ByteView bytes) {
  const std::string temporary = path + ".tmp";
  Descriptor file(files, files.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, kFileMode));
  if (!file.open()) {
    return file.get();
  }
  const auto give_up = [&](int error) {
    file.reset();
    files.remove(temporary);
    return error;
  };
  off_t offset = 0;
  while (!bytes.empty()) {
    const ssize_t done = files.write(file.get(), bytes, offset);
    if (done == -EINTR) {
      continue;
    }
    if (done <= 0) {
      return give_up(done == 0 ? -EIO : static_cast<int>(done));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    offset += done;
  }
  if (const int error = files.sync(file.get()); error != 0) {
    return give_up(error);
  }
  if (const int error = files.rename(temporary, path); error != 0) {
    return give_up(error);
  }
  return files.sync(directory_fd);
}

std::string error_text(int error) {
  std::string text = std::generic_category().message(error < 0 ? -error : error);
  if (!text.empty()) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

}  // namespace fieldgate::audit
