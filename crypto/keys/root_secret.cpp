#include "crypto/keys/root_secret.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace fieldgate::crypto {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string quoted(const std::filesystem::path& path) {
  return '`' + path.string() + '`';
}

Result<void> check_owner_only(const struct stat& status, const SecretFile& file) {
  if (status.st_uid != ::geteuid()) {
    return make_error(ErrorCode::kForbidden, std::string(file.what) + " " + quoted(file.path) +
                                                 " belongs to another user; it must belong to the "
                                                 "user that runs fieldgate");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return make_error(ErrorCode::kForbidden, std::string(file.what) + " " + quoted(file.path) +
                                                 " is open to other users; run `chmod 600` on it");
  }
  return ok();
}

// systemd leaves a credential with root and lets the service in by an access control list, whose
// mask shows as a group read bit; so that bit is no sign of a leak here.
Result<void> check_credential(const struct stat& status, const std::filesystem::path& path) {
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return make_error(ErrorCode::kForbidden,
                      "credential " + quoted(path) + " belongs to another user than root");
  }
  if ((status.st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0) {
    return make_error(ErrorCode::kForbidden,
                      "credential " + quoted(path) + " is open to other users");
  }
  return ok();
}

Result<SecretBytes> read_all(int fd, const SecretFile& file) {
  SecretBytes buffer(file.most_bytes + 3);  // room for a line break, and to see one too many
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(fd, buffer.reveal_mutable().data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return make_error(ErrorCode::kUnavailable, "cannot read the " + std::string(file.what) + " " +
                                                     quoted(file.path) + ": " +
                                                     std::generic_category().message(errno));
    }
    if (got == 0) {
      break;
    }
    size += static_cast<std::size_t>(got);
  }
  buffer.truncate(size);
  return buffer;
}

// A passphrase is typed or echoed into its file; the line break at the end is not part of it.
void drop_line_break(SecretBytes& secret) {
  std::string_view text = secret.reveal_text();
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
    if (text.ends_with('\r')) {
      text.remove_suffix(1);
    }
  }
  secret.truncate(text.size());
}

}  // namespace

Result<std::filesystem::path> root_secret_path(const RootSource& source) {
  if (const auto* file = std::get_if<PassphraseFile>(&source)) {
    return file->path;
  }
  const std::string& name = std::get<SystemdCredential>(source).name;
  if (name.empty() || name == "." || name == ".." ||
      name.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
    return make_error(ErrorCode::kInvalid, "`" + name + "` is not the name of a credential");
  }
  // A path, never a secret; nothing here changes the environment.
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe)
  if (directory == nullptr || *directory != '/') {
    return make_error(ErrorCode::kInvalid,
                      "credential `" + name +
                          "` was asked for, but systemd passed no credentials; add "
                          "`LoadCredentialEncrypted=` to the unit");
  }
  return std::filesystem::path(directory) / name;
}

Result<SecretBytes> read_secret_file(const SecretFile& file) {
  // O_NONBLOCK: a FIFO in its place must not hang the start.
  const Descriptor opened(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status{};
  if (opened.get() < 0 || ::fstat(opened.get(), &status) != 0) {
    return make_error(ErrorCode::kUnavailable, "cannot open the " + std::string(file.what) + " " +
                                                   quoted(file.path) + ": " +
                                                   std::generic_category().message(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return make_error(ErrorCode::kInvalid,
                      std::string(file.what) + " " + quoted(file.path) + " is not a plain file");
  }
  FIELDGATE_CHECK_OK(file.is_credential ? check_credential(status, file.path)
                                        : check_owner_only(status, file));
  FIELDGATE_TRY(SecretBytes secret, read_all(opened.get(), file));
  if (!file.is_credential) {
    drop_line_break(secret);
  }
  if (secret.size() < file.least_bytes || secret.size() > file.most_bytes) {
    return make_error(ErrorCode::kInvalid, std::string(file.what) + " " + quoted(file.path) +
                                               " must have " + std::to_string(file.least_bytes) +
                                               " to " + std::to_string(file.most_bytes) + " bytes");
  }
  return secret;
}

Result<SecretBytes> read_root_secret(const RootSource& source) {
  SecretFile file;
  file.what = "root secret";
  file.is_credential = std::holds_alternative<SystemdCredential>(source);
  file.least_bytes = file.is_credential ? kMinCredentialBytes : kMinPassphraseBytes;
  FIELDGATE_TRY(file.path, root_secret_path(source));
  return read_secret_file(file);
}

Result<void> check_costs(const ArgonCosts& costs) {
  if (costs.memory_bytes > kMaxArgonMemoryBytes || costs.passes > kMaxArgonPasses) {
    return make_error(ErrorCode::kTooLarge,
                      "the keyring asks for more memory or passes of argon2id than allowed (" +
                          std::to_string(kMaxArgonMemoryBytes / (1024UL * 1024)) + " MiB, " +
                          std::to_string(kMaxArgonPasses) + " passes)");
  }
  if (costs.memory_bytes < crypto_pwhash_argon2id_MEMLIMIT_MIN ||
      costs.passes < crypto_pwhash_argon2id_OPSLIMIT_MIN) {
    return make_error(ErrorCode::kInvalid,
                      "the keyring asks for less memory or passes than argon2id needs");
  }
  return ok();
}

Result<SecretArray<32>> derive_root_key(const SecretBytes& secret, const Salt& salt,
                                        const ArgonCosts& costs) {
  static_assert(kSaltBytes == crypto_pwhash_argon2id_SALTBYTES);
  FIELDGATE_CHECK_OK(check_costs(costs));
  SecretArray<32> key;
  if (crypto_pwhash_argon2id(key.reveal_mutable().data(), key.reveal().size(),
                             secret.reveal_text().data(), secret.size(), salt.data(), costs.passes,
                             static_cast<std::size_t>(costs.memory_bytes),
                             crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    return make_error(ErrorCode::kUnavailable,
                      "not enough memory to derive the root key: argon2id needs " +
                          std::to_string(costs.memory_bytes / 1024) + " KiB");
  }
  return key;
}

}  // namespace fieldgate::crypto
