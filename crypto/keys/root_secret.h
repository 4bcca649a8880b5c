// Where the root secret comes from, and the root key made of it. Internal.
#pragma once

#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/crypto/keys.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace fieldgate::crypto {

inline constexpr std::size_t kSaltBytes = 16;
using Salt = std::array<Byte, kSaltBytes>;

/// The file that `source` names; `kInvalid` for a credential outside a systemd unit that passes
/// any.
[[nodiscard]] Result<std::filesystem::path> root_secret_path(const RootSource& source);

/// A file that holds a secret: how messages name it, and how long the secret may be.
struct SecretFile {
  std::filesystem::path path;
  std::string_view what;
  std::size_t least_bytes = kMinPassphraseBytes;
  std::size_t most_bytes = kMaxRootSecretBytes;
  bool is_credential = false;  ///< systemd's: its mode differs, and its bytes are taken as they are
};
/// Reads it, after checking that nobody else can: `kForbidden` when others could.
[[nodiscard]] Result<SecretBytes> read_secret_file(const SecretFile& file);

/// Reads the secret behind the root key, as above.
[[nodiscard]] Result<SecretBytes> read_root_secret(const RootSource& source);

/// `kTooLarge` when the costs are above the caps, `kInvalid` when below what Argon2id needs.
[[nodiscard]] Result<void> check_costs(const ArgonCosts& costs);

/// Argon2id, version 1.3, one lane, 32 bytes.
[[nodiscard]] Result<SecretArray<32>> derive_root_key(const SecretBytes& secret, const Salt& salt,
                                                      const ArgonCosts& costs);

}  // namespace fieldgate::crypto
