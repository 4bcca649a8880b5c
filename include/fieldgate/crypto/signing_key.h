// A person's Ed25519 key as a PEM file (RFC 8410 in PKCS #8, RFC 5958), so that OpenSSL's command
// line and others' tools read and make it too.
#pragma once

#include <fieldgate/base/random.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>

#include <filesystem>

namespace fieldgate::crypto {

/// Writes a 32-byte seed as a new file, mode 0600, whole or not at all; `kConflict` when it exists.
/// With a passphrase it is encrypted with AES-256-CBC under scrypt (RFC 7914: N 16384, r 8, p 1);
/// an empty one leaves it in clear, and its file mode is then all that guards it.
[[nodiscard]] Result<void> write_signing_key(const std::filesystem::path& file,
                                             const SecretBytes& seed, const SecretBytes& passphrase,
                                             Random& random);

/// Reads a seed. `kForbidden` when others than its owner may read the file, `kUnauthenticated` for
/// an encrypted key and no or a wrong passphrase, `kInvalid` for anything but an Ed25519 key.
[[nodiscard]] Result<SecretBytes> read_signing_key(const std::filesystem::path& file,
                                                   const SecretBytes& passphrase);

/// Reads a passphrase: mode 0600 or stricter, 8 to 1024 bytes, without the line break at its end.
[[nodiscard]] Result<SecretBytes> read_passphrase_file(const std::filesystem::path& file);

}  // namespace fieldgate::crypto
