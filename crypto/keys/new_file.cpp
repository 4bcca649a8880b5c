#include "crypto/keys/new_file.h"

#include <fieldgate/crypto/encoding.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

namespace fieldgate::crypto {

namespace {

Error failed(const std::string& what, const std::filesystem::path& path) {
  return make_error(ErrorCode::kUnavailable,
                    what + " `" + path.string() + "`: " + std::generic_category().message(errno));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Some file systems know no rename that refuses to replace; a hard link never replaces either.
bool publish(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
    return true;
  }
  if (errno != EINVAL && errno != ENOSYS) {
    return false;
  }
  return ::link(from.c_str(), to.c_str()) == 0 && ::unlink(from.c_str()) == 0;
}

bool sync_directory(const std::filesystem::path& file) {
  const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
  const int fd = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

}  // namespace

Result<void> write_new_file(const std::filesystem::path& path, std::string_view what,
                            std::string_view text, Random& random) {
  const std::string name(what);
  std::array<Byte, 8> suffix{};
  random.fill(suffix);
  std::filesystem::path temporary = path;
  temporary += "." + hex_encode(suffix) + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    return failed("cannot create " + name, temporary);
  }
  const bool written = write_all(fd, text) && ::fsync(fd) == 0;
  const int write_error = errno;
  const bool closed = ::close(fd) == 0;
  if (!written || !closed) {
    errno = written ? errno : write_error;
    Error error = failed("cannot write " + name, temporary);
    ::unlink(temporary.c_str());
    return error;
  }
  if (!publish(temporary, path)) {
    const bool exists = errno == EEXIST;
    Error error =
        exists ? make_error(ErrorCode::kConflict,
                            name + " `" + path.string() + "` exists already and is left as it is")
               : failed("cannot name " + name, path);
    ::unlink(temporary.c_str());
    return error;
  }
  if (!sync_directory(path)) {
    return failed("cannot sync the folder of " + name, path);
  }
  return ok();
}

}  // namespace fieldgate::crypto
