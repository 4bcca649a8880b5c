// The system calls that the log writes with, behind an interface so that tests can make each fail.
#pragma once

#include <fieldgate/base/bytes.h>

#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <string>

namespace fieldgate::audit {

/// Each call returns what the system call returns, with a negated `errno` in place of -1.
/// Implementations are thread-safe.
class FileOps {
 public:
  virtual ~FileOps() = default;
  virtual int open(const std::string& path, int flags, mode_t mode);
  virtual int close(int fd);
  /// `pwritev2` with RWF_DSYNC.
  virtual ssize_t write_synced(int fd, const iovec* parts, int count, off_t offset);
  /// A write that a later `sync` makes durable.
  virtual ssize_t write(int fd, ByteView bytes, off_t offset);
  virtual int sync(int fd);
  virtual int allocate(int fd, off_t size);
  virtual int truncate(int fd, off_t size);
  virtual int rename(const std::string& from, const std::string& to);
  virtual int remove(const std::string& path);
  virtual int descriptor_status(int fd, struct stat& out);
  virtual int path_status(const std::string& path, struct stat& out);
};

/// The real calls.
[[nodiscard]] FileOps& system_file_ops();

/// No space, no quota, or beyond the process's file size limit: passes once there is room again.
[[nodiscard]] bool is_full(int error);
/// Full, or out of descriptors or memory before anything was written: worth another try.
[[nodiscard]] bool is_passing(int error);

/// A descriptor that is closed with the ops it was opened with.
class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(FileOps& files, int fd) : files_(&files), fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : files_(other.files_), fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      files_ = other.files_;
      fd_ = other.fd_;
      other.fd_ = -1;
    }
    return *this;
  }
  ~Descriptor() { reset(); }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  void reset();

 private:
  FileOps* files_ = nullptr;
  int fd_ = -1;
};

/// Writes all of `bytes` at `offset` and syncs each piece; 0 or a negated errno.
[[nodiscard]] int write_all_synced(FileOps& files, int fd, ByteView bytes, std::uint64_t offset);
/// Overwrites [begin, end) with zeros, synced piece by piece; 0 or a negated errno.
[[nodiscard]] int zero_range(FileOps& files, int fd, std::uint64_t begin, std::uint64_t end);
/// Puts a whole file in place: temporary, sync, rename, directory sync; 0 or a negated errno.
[[nodiscard]] int replace_file(FileOps& files, int directory_fd, const std::string& path,
                               ByteView bytes);
/// "no space left on device" and the like, for messages.
[[nodiscard]] std::string error_text(int error);

}  // namespace fieldgate::audit
