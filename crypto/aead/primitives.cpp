#include "crypto/aead/primitives.h"

#include <fieldgate/crypto/random.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sodium.h>

#include <cstring>
#include <memory>
#include <stdexcept>

namespace fieldgate::crypto::primitives {

namespace {

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Mac = std::unique_ptr<EVP_MAC, FreeMac>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMac>;
using Cipher = std::unique_ptr<EVP_CIPHER, FreeCipher>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

// A primitive that does not run is a broken installation; no caller could go on from it.
void require(bool held) {
  if (!held) {
    throw std::runtime_error("a cryptographic primitive failed to run");
  }
}

// One context per thread and output size: setting one up for every call costs more than the hash.
MacContext new_blake2b(std::size_t size) {
  static const Mac mac{EVP_MAC_fetch(nullptr, "BLAKE2BMAC", nullptr)};
  require(mac != nullptr);
  MacContext context{EVP_MAC_CTX_new(mac.get())};
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                   OSSL_PARAM_construct_end()};
  require(context != nullptr && EVP_MAC_CTX_set_params(context.get(), parameters) == 1);
  return context;
}

const EVP_CIPHER* portable_gcm() {
  static const Cipher cipher{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)};
  require(cipher != nullptr);
  return cipher.get();
}

int as_int(std::size_t size) {
  require(size <= 0x7fffffff);
  return static_cast<int>(size);
}

void check_sizes(ByteView key, ByteView nonce, std::size_t nonce_bytes, std::size_t sealed,
                 std::size_t plaintext) {
  require(key.size() == kKeyBytes && nonce.size() == nonce_bytes &&
          sealed == plaintext + kTagBytes);
}

// libsodium's expanded key, wiped on every way out.
class ExpandedKey {
 public:
  explicit ExpandedKey(ByteView key) {
    require(crypto_aead_aes256gcm_beforenm(&state_, key.data()) == 0);
  }
  ~ExpandedKey() { sodium_memzero(&state_, sizeof state_); }
  ExpandedKey(const ExpandedKey&) = delete;
  ExpandedKey& operator=(const ExpandedKey&) = delete;
  [[nodiscard]] const crypto_aead_aes256gcm_state* get() const { return &state_; }

 private:
  crypto_aead_aes256gcm_state state_;
};

}  // namespace

bool cpu_has_aes() {
  static const bool available =
      initialise().has_value() && crypto_aead_aes256gcm_is_available() == 1;
  return available;
}

void blake2b(std::span<Byte> out, ByteView key, std::initializer_list<ByteView> parts) {
  thread_local const MacContext context32 = new_blake2b(32);
  thread_local const MacContext context64 = new_blake2b(64);
  static constexpr Byte kNoKey[kKeyBytes] = {};
  require(out.size() == 32 || out.size() == 64);
  EVP_MAC_CTX* context = out.size() == 32 ? context32.get() : context64.get();
  bool good = EVP_MAC_init(context, key.data(), key.size(), nullptr) == 1;
  for (const ByteView part : parts) {
    good = good && EVP_MAC_update(context, part.data(), part.size()) == 1;
  }
  std::size_t written = 0;
  good = good && EVP_MAC_final(context, out.data(), &written, out.size()) == 1;
  // The context keeps its key until the next one: put a key of zeros in its place.
  good = EVP_MAC_init(context, kNoKey, sizeof kNoKey, nullptr) == 1 && good;
  require(good && written == out.size());
}

void aes256gcm_seal(std::span<Byte> out, ByteView key, ByteView nonce, ByteView aad,
                    ByteView plaintext) {
  if (!cpu_has_aes()) {
    aes256gcm_seal_portable(out, key, nonce, aad, plaintext);
    return;
  }
  check_sizes(key, nonce, kGcmNonceBytes, out.size(), plaintext.size());
  const ExpandedKey expanded(key);
  require(crypto_aead_aes256gcm_encrypt_afternm(out.data(), nullptr, plaintext.data(),
                                                plaintext.size(), aad.data(), aad.size(), nullptr,
                                                nonce.data(), expanded.get()) == 0);
}

bool aes256gcm_open(std::span<Byte> out, ByteView key, ByteView nonce, ByteView aad,
                    ByteView sealed) {
  if (!cpu_has_aes()) {
    return aes256gcm_open_portable(out, key, nonce, aad, sealed);
  }
  check_sizes(key, nonce, kGcmNonceBytes, sealed.size(), out.size());
  const ExpandedKey expanded(key);
  if (crypto_aead_aes256gcm_decrypt_afternm(out.data(), nullptr, nullptr, sealed.data(),
                                            sealed.size(), aad.data(), aad.size(), nonce.data(),
                                            expanded.get()) != 0) {
    sodium_memzero(out.data(), out.size());
    return false;
  }
  return true;
}

void aes256gcm_seal_portable(std::span<Byte> out, ByteView key, ByteView nonce, ByteView aad,
                             ByteView plaintext) {
  check_sizes(key, nonce, kGcmNonceBytes, out.size(), plaintext.size());
  const CipherContext context{EVP_CIPHER_CTX_new()};
  int written = 0;
  require(
      context != nullptr &&
      EVP_EncryptInit_ex2(context.get(), portable_gcm(), key.data(), nonce.data(), nullptr) == 1 &&
      (aad.empty() ||
       EVP_EncryptUpdate(context.get(), nullptr, &written, aad.data(), as_int(aad.size())) == 1) &&
      (plaintext.empty() || EVP_EncryptUpdate(context.get(), out.data(), &written, plaintext.data(),
                                              as_int(plaintext.size())) == 1) &&
      EVP_EncryptFinal_ex(context.get(), out.data() + plaintext.size(), &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                          out.data() + plaintext.size()) == 1);
}

bool aes256gcm_open_portable(std::span<Byte> out, ByteView key, ByteView nonce, ByteView aad,
                             ByteView sealed) {
  check_sizes(key, nonce, kGcmNonceBytes, sealed.size(), out.size());
  const CipherContext context{EVP_CIPHER_CTX_new()};
  int written = 0;
  Byte tag[kTagBytes];
  std::memcpy(tag, sealed.data() + out.size(), kTagBytes);
  require(
      context != nullptr &&
      EVP_DecryptInit_ex2(context.get(), portable_gcm(), key.data(), nonce.data(), nullptr) == 1 &&
      (aad.empty() ||
       EVP_DecryptUpdate(context.get(), nullptr, &written, aad.data(), as_int(aad.size())) == 1) &&
      (out.empty() || EVP_DecryptUpdate(context.get(), out.data(), &written, sealed.data(),
                                        as_int(out.size())) == 1) &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag) == 1);
  Byte none[1];
  if (EVP_DecryptFinal_ex(context.get(), none, &written) != 1) {
    sodium_memzero(out.data(), out.size());
    return false;
  }
  return true;
}

void xchacha20poly1305_seal(std::span<Byte> out, ByteView key, ByteView nonce, ByteView aad,
                            ByteView plaintext) {
  check_sizes(key, nonce, kXChaChaNonceBytes, out.size(), plaintext.size());
  require(crypto_aead_xchacha20poly1305_ietf_encrypt(out.data(), nullptr, plaintext.data(),
                                                     plaintext.size(), aad.data(), aad.size(),
                                                     nullptr, nonce.data(), key.data()) == 0);
}

bool xchacha20poly1305_open(std::span<Byte> out, ByteView key, ByteView nonce, ByteView aad,
                            ByteView sealed) {
  check_sizes(key, nonce, kXChaChaNonceBytes, sealed.size(), out.size());
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, sealed.data(),
                                                 sealed.size(), aad.data(), aad.size(),
                                                 nonce.data(), key.data()) != 0) {
    sodium_memzero(out.data(), out.size());
    return false;
  }
  return true;
}

}  // namespace fieldgate::crypto::primitives
