// The keyring file: what it holds, reading it strictly, writing it without ever replacing one.
// Internal.
#pragma once

#include <fieldgate/base/ids.h>
#include <fieldgate/base/result.h>
#include <fieldgate/crypto/keys.h>

#include "crypto/keys/root_secret.h"

#include <array>
#include <filesystem>

namespace fieldgate::crypto {

inline constexpr std::size_t kTenantKeyCount = 7;
inline constexpr std::size_t kMaxKeyringFileBytes = 64UL * 1024;

/// The name a tenant key has in files and messages.
[[nodiscard]] std::string_view tenant_key_name(TenantKey key);

struct WrappedTenantKey {
  KeyVersion version;
  Bytes wrapped;  ///< an envelope under the root key
};

struct KeyringFile {
  TenantId tenant;
  KeyVersion root_version{1};
  Salt salt{};
  ArgonCosts costs;
  Hash32 verifier{};  ///< keyed by the root key; tells a wrong secret from a damaged file
  std::array<WrappedTenantKey, kTenantKeyCount> keys;  ///< in the order of `TenantKey`
};

/// SHA-256 over everything but the verifier; in the file it guards against damage, not malice.
[[nodiscard]] Hash32 keyring_checksum(const KeyringFile& file);

/// `kNotFound` when there is none, `kCorrupt` for anything but a whole keyring file.
[[nodiscard]] Result<KeyringFile> read_keyring_file(const std::filesystem::path& path);

/// Writes a temporary file beside it, syncs, and gives it the name; `kConflict` when there is one.
[[nodiscard]] Result<void> write_keyring_file(const std::filesystem::path& path,
                                              const KeyringFile& file, Random& random);

}  // namespace fieldgate::crypto
