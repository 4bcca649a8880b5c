#include "crypto/index/siv.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace fieldgate::crypto {

namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

void require(bool held) {
  if (!held) {
    throw std::runtime_error("AES-SIV failed to run");
  }
}

const EVP_CIPHER* cipher() {
  static const std::unique_ptr<EVP_CIPHER, FreeCipher> fetched{
      EVP_CIPHER_fetch(nullptr, "AES-256-SIV", nullptr)};
  require(fetched != nullptr);
  return fetched.get();
}

// The thread's working context, holding a copy of a keyed one; empty again at the end of the scope,
// so that no key stays behind.
class Working {
 public:
  explicit Working(const EVP_CIPHER_CTX* keyed) {
    thread_local const Context kept{EVP_CIPHER_CTX_new()};
    require(kept != nullptr);
    context_ = kept.get();
    require(EVP_CIPHER_CTX_copy(context_, keyed) == 1);
  }
  ~Working() { EVP_CIPHER_CTX_reset(context_); }
  Working(const Working&) = delete;
  Working& operator=(const Working&) = delete;
  [[nodiscard]] EVP_CIPHER_CTX* get() const { return context_; }

 private:
  EVP_CIPHER_CTX* context_ = nullptr;
};

}  // namespace

struct SivCipher::State {
  Context sealing{EVP_CIPHER_CTX_new()};
  Context opening{EVP_CIPHER_CTX_new()};
};

SivCipher::SivCipher(ByteView key) : state_(std::make_unique<State>()) {
  require(key.size() == kKeyBytes && state_->sealing != nullptr && state_->opening != nullptr);
  require(EVP_EncryptInit_ex2(state_->sealing.get(), cipher(), key.data(), nullptr, nullptr) == 1);
  require(EVP_DecryptInit_ex2(state_->opening.get(), cipher(), key.data(), nullptr, nullptr) == 1);
}

SivCipher::~SivCipher() = default;
SivCipher::SivCipher(SivCipher&&) noexcept = default;
SivCipher& SivCipher::operator=(SivCipher&&) noexcept = default;

void SivCipher::seal(std::span<Byte> out, ByteView plaintext,
                     std::initializer_list<ByteView> associated) const {
  require(out.size() == plaintext.size() + kTagBytes);
  const Working working(state_->sealing.get());
  int written = 0;
  for (const ByteView part : associated) {
    require(EVP_EncryptUpdate(working.get(), nullptr, &written, part.data(),
                              static_cast<int>(part.size())) == 1);
  }
  require(EVP_EncryptUpdate(working.get(), out.data() + kTagBytes, &written, plaintext.data(),
                            static_cast<int>(plaintext.size())) == 1);
  Byte none[kTagBytes];
  require(EVP_EncryptFinal_ex(working.get(), none, &written) == 1 &&
          EVP_CIPHER_CTX_ctrl(working.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, out.data()) == 1);
}

bool SivCipher::open(std::span<Byte> out, ByteView sealed,
                     std::initializer_list<ByteView> associated) const {
  require(sealed.size() == out.size() + kTagBytes);
  const Working working(state_->opening.get());
  std::array<Byte, kTagBytes> tag{};
  std::copy_n(sealed.begin(), kTagBytes, tag.begin());
  require(EVP_CIPHER_CTX_ctrl(working.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1);
  int written = 0;
  for (const ByteView part : associated) {
    require(EVP_DecryptUpdate(working.get(), nullptr, &written, part.data(),
                              static_cast<int>(part.size())) == 1);
  }
  Byte none[kTagBytes];
  const bool good =
      EVP_DecryptUpdate(working.get(), out.data(), &written, sealed.data() + kTagBytes,
                        static_cast<int>(out.size())) == 1 &&
      EVP_DecryptFinal_ex(working.get(), none, &written) == 1;
  if (!good) {
    OPENSSL_cleanse(out.data(), out.size());
  }
  return good;
}

}  // namespace fieldgate::crypto
