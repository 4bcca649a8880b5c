#include "gateway/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

namespace fieldgate {

namespace {

std::filesystem::path prepared(const std::filesystem::path& file) {
  return file.string() + ".new";
}

Error failed(const std::string& what, const std::filesystem::path& file) {
  return make_error(ErrorCode::kUnavailable, "cannot " + what + " `" + file.string() +
                                                 "`: " + std::generic_category().message(errno));
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(descriptor, text.data(), text.size());
    if (wrote < 0 && errno != EINTR) {
      return false;
    }
    text.remove_prefix(wrote > 0 ? static_cast<std::size_t>(wrote) : 0);
  }
  return true;
}

}  // namespace

Result<void> prepare_file(const std::filesystem::path& file, std::string_view text, mode_t mode) {
  const std::filesystem::path temporary = prepared(file);
  // In a folder of several people somebody else may have put a link there.
  ::unlink(temporary.c_str());
  const int descriptor =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kForOwner);
  if (descriptor < 0) {
    return failed("write", temporary);
  }
  bool good =
      ::fchmod(descriptor, mode) == 0 && write_all(descriptor, text) && ::fsync(descriptor) == 0;
  Error error = good ? Error{} : failed("write", temporary);
  if (::close(descriptor) != 0 && good) {
    good = false;
    error = failed("write", temporary);
  }
  if (!good) {
    ::unlink(temporary.c_str());
    return error;
  }
  return ok();
}

Result<void> commit_file(const std::filesystem::path& file) {
  if (::rename(prepared(file).c_str(), file.c_str()) != 0) {
    return failed("write", file);
  }
  const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
  const int folder = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && ::fsync(folder) == 0;
  Error error = synced ? Error{} : failed("sync", parent);
  if (folder >= 0) {
    ::close(folder);
  }
  if (!synced) {
    return error;
  }
  return ok();
}

void discard_prepared(const std::filesystem::path& file) {
  ::unlink(prepared(file).c_str());
}

bool is_prepared(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::exists(prepared(file), ignored);
}

Result<void> write_durably(const std::filesystem::path& file, std::string_view text, mode_t mode) {
  FIELDGATE_CHECK_OK(prepare_file(file, text, mode));
  return commit_file(file);
}

Result<std::string> read_whole(const std::filesystem::path& file, std::size_t most_bytes) {
  // O_NONBLOCK: a FIFO in its place must not hang.
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (descriptor < 0) {
    Error error = failed("read", file);
    if (errno == ENOENT) {
      error.code = ErrorCode::kNotFound;
    }
    return error;
  }
  struct stat status{};
  std::string text;
  Result<std::string> result =
      make_error(ErrorCode::kInvalid, "cannot read `" + file.string() + "`: it is no regular file");
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    // One byte more than allowed tells that there is more.
    text.resize(std::min<std::size_t>(static_cast<std::size_t>(status.st_size), most_bytes) + 1);
    std::size_t size = 0;
    ssize_t got = 0;
    while (size < text.size() &&
           ((got = ::read(descriptor, text.data() + size, text.size() - size)) > 0 ||
            (got < 0 && errno == EINTR))) {
      size += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    if (got < 0) {
      result = failed("read", file);
    } else if (size > most_bytes) {
      result = make_error(ErrorCode::kTooLarge, '`' + file.string() + "` is larger than " +
                                                    std::to_string(most_bytes) + " bytes");
    } else {
      text.resize(size);
      result = std::move(text);
    }
  }
  ::close(descriptor);
  return result;
}

}  // namespace fieldgate
