// The key hierarchy: root, tenant keys, one key per person (docs/architecture.md, "Key hierarchy").
#pragma once

#include <fieldgate/base/ids.h>
#include <fieldgate/base/random.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/crypto/sealed_field.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>

namespace fieldgate::crypto {

/// The random keys that the root key wraps, each independent, so that each can be destroyed alone.
enum class TenantKey : std::uint8_t {
  kEnc = 1,         ///< wraps subject keys
  kIdx = 2,         ///< blind indexes
  kPsn = 3,         ///< pseudonyms
  kAudit = 4,       ///< tags and sealed parts of audit records
  kProfilesDb = 5,  ///< raw key of profiles.db
  kKeysDb = 6,      ///< raw key of keys.db
  kLogSigning = 7,  ///< Ed25519 seed of the audit log's checkpoints
};

/// Where the root secret comes from. Secrets never come from the command line or the environment.
struct PassphraseFile {
  std::filesystem::path path;
};  ///< mode 0600 or stricter, own user
struct SystemdCredential {
  std::string name;
};  ///< $CREDENTIALS_DIRECTORY/name, 32 bytes or more
using RootSource = std::variant<PassphraseFile, SystemdCredential>;

/// Argon2id costs (RFC 9106); the second recommended option, and caps on what a keyring may ask.
inline constexpr std::uint64_t kArgonMemoryBytes = 64ULL * 1024 * 1024;
inline constexpr std::uint32_t kArgonPasses = 3;
inline constexpr std::uint64_t kMaxArgonMemoryBytes = 1024ULL * 1024 * 1024;
inline constexpr std::uint32_t kMaxArgonPasses = 16;

struct ArgonCosts {
  std::uint64_t memory_bytes = kArgonMemoryBytes;
  std::uint32_t passes = kArgonPasses;
};

/// Limits on the secret behind the root key, in bytes; a passphrase is counted without the line
/// break at its end.
inline constexpr std::size_t kMinPassphraseBytes = 8;
inline constexpr std::size_t kMinCredentialBytes = 32;
inline constexpr std::size_t kMaxRootSecretBytes = 4096;

/// The unlocked tenant keys, held in one locked, non-dumpable memory slab. Immutable once made;
/// thread-safe.
class Keyring {
 public:
  /// Makes a new keyring file (JSON, mode 0600, temp + fsync + rename) with fresh tenant keys
  /// wrapped under the root key; `kConflict` when it exists. `costs` is for tests; the caps hold.
  [[nodiscard]] static Result<Keyring> create(const std::filesystem::path& file,
                                              const RootSource& source, Random& random,
                                              ArgonCosts costs = {});
  /// Unlocks an existing keyring. A wrong secret is `kUnauthenticated` and says so; a damaged file
  /// is `kCorrupt`; costs above the caps are refused before any work is done.
  [[nodiscard]] static Result<Keyring> open(const std::filesystem::path& file,
                                            const RootSource& source);
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;
  Keyring(Keyring&&) noexcept;
  Keyring& operator=(Keyring&&) noexcept;
  ~Keyring();

  [[nodiscard]] const TenantId& tenant() const;
  /// A copy of the key that the caller must let die soon.
  [[nodiscard]] SecretBytes tenant_key(TenantKey which) const;
  [[nodiscard]] KeyVersion version(TenantKey which) const;
  /// False when the slab could not be locked in memory (memlock limit): refuse in production mode.
  [[nodiscard]] bool memory_locked() const;

  /// A fresh random key for a person, and its wrapped form for keys.db, which holds the version
  /// too.
  [[nodiscard]] SubjectKey make_subject_key(Random& random,
                                            KeyVersion version = KeyVersion{1}) const;
  [[nodiscard]] Bytes wrap_subject_key(const SubjectId& subject, const SubjectKey& key,
                                       Random& random) const;
  /// Unwraps per read; nothing is cached, so destroying the wrapped form takes effect at once.
  /// `kCorrupt` when it was made for another person or tenant, or was altered.
  [[nodiscard]] Result<SubjectKey> unwrap_subject_key(const SubjectId& subject,
                                                      ByteView wrapped) const;

 private:
  struct State;
  explicit Keyring(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fieldgate::crypto
