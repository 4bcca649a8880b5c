#include "crypto/index/siv.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <stdexcept>
#include <utility>

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

// A copy of a keyed context, for one message.
class Working {
 public:
  explicit Working(const EVP_CIPHER_CTX* keyed) : context_(EVP_CIPHER_CTX_new()) {
    require(context_ != nullptr && EVP_CIPHER_CTX_copy(context_.get(), keyed) == 1);
  }
  [[nodiscard]] EVP_CIPHER_CTX* get() const { return context_.get(); }

 private:
  Context context_;
};

// Copying a keyed context costs more than sealing an id. A thread keeps copies of those it used
// last; without associated data a context can seal any number of messages ("speed" in OpenSSL).
constexpr std::size_t kKeptPerThread = 8;

EVP_CIPHER_CTX* reusable(std::uint64_t id, const EVP_CIPHER_CTX* keyed) {
  struct Kept {
    std::uint64_t id = 0;
    Context context;
  };
  thread_local std::array<Kept, kKeptPerThread> kept;
  thread_local std::size_t oldest = 0;
  for (const Kept& one : kept) {
    if (one.id == id) {
      return one.context.get();
    }
  }
  Context copy{EVP_CIPHER_CTX_new()};
  unsigned int speed = 1;
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_SPEED, &speed), OSSL_PARAM_construct_end()};
  require(copy != nullptr && EVP_CIPHER_CTX_copy(copy.get(), keyed) == 1 &&
          EVP_CIPHER_CTX_set_params(copy.get(), parameters.data()) == 1);
  Kept& place = kept[oldest];
  oldest = (oldest + 1) % kept.size();
  place = {id, std::move(copy)};
  return place.context.get();
}

}  // namespace

struct SivCipher::State {
  Context sealing{EVP_CIPHER_CTX_new()};
  Context opening{EVP_CIPHER_CTX_new()};
  std::uint64_t id = next_id();

 private:
  static std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
  }
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
  int written = 0;
  Byte none[kTagBytes];
  if (associated.size() == 0) {
    EVP_CIPHER_CTX* context = reusable(state_->id, state_->sealing.get());
    require(EVP_EncryptUpdate(context, out.data() + kTagBytes, &written, plaintext.data(),
                              static_cast<int>(plaintext.size())) == 1 &&
            EVP_EncryptFinal_ex(context, none, &written) == 1 &&
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, out.data()) == 1);
    return;
  }
  const Working working(state_->sealing.get());
  for (const ByteView part : associated) {
    require(EVP_EncryptUpdate(working.get(), nullptr, &written, part.data(),
                              static_cast<int>(part.size())) == 1);
  }
  require(EVP_EncryptUpdate(working.get(), out.data() + kTagBytes, &written, plaintext.data(),
                            static_cast<int>(plaintext.size())) == 1);
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
