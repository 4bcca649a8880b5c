// The ciphers and hashes this module is built from, behind names that do not say which library runs
// them. Internal: public code seals fields (sealed_field.h) or hashes (hash.h).
#pragma once

#include <fieldgate/base/bytes.h>

#include <initializer_list>

namespace fieldgate::crypto::primitives {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kGcmNonceBytes = 12;
inline constexpr std::size_t kXChaChaNonceBytes = 24;

/// True when AES-256-GCM runs in hardware here (AES-NI and carry-less multiplication).
[[nodiscard]] bool cpu_has_aes();

/// Keyed BLAKE2b (RFC 7693) of 32 or 64 bytes over the concatenation of `parts`. `key` is 1 to 64
/// bytes. Leaves no key in the context that the thread keeps.
void blake2b(std::span<Byte> out, ByteView key, std::initializer_list<ByteView> parts);

/// AES-256-GCM (SP 800-38D): `out` takes the ciphertext and then the tag.
void aes256gcm_seal(std::span<Byte> out, ByteView key, ByteView nonce, ByteView aad,
                    ByteView plaintext);
/// False, and `out` zeroed, when the tag does not fit.
[[nodiscard]] bool aes256gcm_open(std::span<Byte> out, ByteView key, ByteView nonce, ByteView aad,
                                  ByteView sealed);

/// The same function without AES instructions, so that a database moved to a plainer machine can
/// still be read.
[[nodiscard]] bool aes256gcm_open_portable(std::span<Byte> out, ByteView key, ByteView nonce,
                                           ByteView aad, ByteView sealed);
void aes256gcm_seal_portable(std::span<Byte> out, ByteView key, ByteView nonce, ByteView aad,
                             ByteView plaintext);

/// XChaCha20-Poly1305 with a 24-byte nonce (draft-irtf-cfrg-xchacha-03).
void xchacha20poly1305_seal(std::span<Byte> out, ByteView key, ByteView nonce, ByteView aad,
                            ByteView plaintext);
[[nodiscard]] bool xchacha20poly1305_open(std::span<Byte> out, ByteView key, ByteView nonce,
                                          ByteView aad, ByteView sealed);

}  // namespace fieldgate::crypto::primitives
