#include <fieldgate/crypto/hash.h>

#include "crypto/aead/primitives.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace fieldgate::crypto {

namespace {

struct FreeDigest {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

std::unique_ptr<EVP_MD_CTX, FreeDigest> new_sha256() {
  static const std::unique_ptr<EVP_MD, FreeDigest> digest{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, FreeDigest> context{EVP_MD_CTX_new()};
  if (!digest || !context || EVP_DigestInit_ex2(context.get(), digest.get(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available");
  }
  return context;
}

}  // namespace

Hash32 sha256(std::initializer_list<ByteView> parts) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context = new_sha256();
  Hash32 hash;
  bool good = EVP_DigestInit_ex2(context.get(), nullptr, nullptr) == 1;
  for (const ByteView part : parts) {
    good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  unsigned int size = 0;
  if (!good || EVP_DigestFinal_ex(context.get(), hash.data(), &size) != 1 || size != hash.size()) {
    throw std::runtime_error("SHA-256 failed");
  }
  return hash;
}

Hash32 blake2b_256(ByteView key, std::initializer_list<ByteView> parts) {
  Hash32 hash;
  primitives::blake2b(hash, key, parts);
  return hash;
}

bool constant_time_equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace fieldgate::crypto
