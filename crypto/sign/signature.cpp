#include <fieldgate/crypto/signature.h>

#include <sodium.h>

#include <stdexcept>

namespace fieldgate::crypto {

static_assert(std::tuple_size_v<Ed25519PublicKey> == crypto_sign_PUBLICKEYBYTES);
static_assert(std::tuple_size_v<Ed25519Signature> == crypto_sign_BYTES);

Ed25519Signer::Ed25519Signer(const SecretBytes& seed) : public_key_{} {
  if (seed.size() != crypto_sign_SEEDBYTES) {
    throw std::invalid_argument("an Ed25519 seed has 32 bytes");
  }
  crypto_sign_seed_keypair(public_key_.data(), secret_key_.reveal_mutable().data(),
                           seed.reveal().data());
}

Ed25519Signature Ed25519Signer::sign(ByteView message) const {
  Ed25519Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                       secret_key_.reveal().data());
  return signature;
}

bool verify_ed25519(const Ed25519PublicKey& key, ByteView message,
                    const Ed25519Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

}  // namespace fieldgate::crypto
