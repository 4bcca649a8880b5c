// Ed25519 (RFC 8032) for checkpoints. This header and its source are all that the offline verifier
// needs of the crypto module.
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/secret_bytes.h>

#include <array>

namespace fieldgate::crypto {

using Ed25519PublicKey = std::array<Byte, 32>;
using Ed25519Signature = std::array<Byte, 64>;

/// Signs with a key made from a 32-byte seed. Thread-safe.
class Ed25519Signer {
 public:
  explicit Ed25519Signer(const SecretBytes& seed);
  [[nodiscard]] const Ed25519PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] Ed25519Signature sign(ByteView message) const;

 private:
  SecretArray<64> secret_key_;
  Ed25519PublicKey public_key_;
};

/// True when the signature is valid. Non-canonical encodings and small-order keys are refused.
[[nodiscard]] bool verify_ed25519(const Ed25519PublicKey& key, ByteView message,
                                  const Ed25519Signature& signature);

}  // namespace fieldgate::crypto
