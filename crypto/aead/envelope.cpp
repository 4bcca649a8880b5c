#include "crypto/aead/envelope.h"

#include <fieldgate/base/secret_bytes.h>
#include <fieldgate/crypto/hash.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace fieldgate::crypto::envelope {

namespace {

constexpr std::size_t kNonceAt = 6;
constexpr std::size_t kCommitmentAt = kNonceAt + kNonceBytes;
static_assert(kCommitmentAt + kCommitmentBytes == kSealedFieldHeaderBytes);

// The key is used once, so a constant nonce is right: the random one went into the key.
constexpr std::array<Byte, primitives::kXChaChaNonceBytes> kZeroNonce{};

// One hash gives the key and the commitment. The commitment makes the envelope committing: a value
// that opens under two keys would be a collision of BLAKE2b, which GCM and Poly1305 do not promise.
struct Derived {
  SecretArray<primitives::kKeyBytes + kCommitmentBytes> bytes;
  [[nodiscard]] ByteView cipher_key() const {
    return ByteView(bytes.reveal()).first(primitives::kKeyBytes);
  }
  [[nodiscard]] ByteView commitment() const {
    return ByteView(bytes.reveal()).last(kCommitmentBytes);
  }
};

Derived derive(ByteView key, ByteView message) {
  Derived derived;
  primitives::blake2b(derived.bytes.reveal_mutable(), key, {message});
  return derived;
}

Error does_not_open() {
  return make_error(ErrorCode::kCorrupt,
                    "a sealed value does not open: it was altered, or belongs elsewhere",
                    "sealed-value");
}

}  // namespace

Binding::Binding(Content content) : bytes_{} {
  bytes_[kFrontBytes] = static_cast<Byte>(content);
}

void Binding::append(ByteView part) {
  if (part.size() > bytes_.size() - size_) {
    throw std::length_error("a binding is too long");  // callers check; never write past the end
  }
  std::memcpy(bytes_.data() + size_, part.data(), part.size());
  size_ += part.size();
}

void Binding::append_sized(ByteView part) {
  append_number<2>(part.size());
  append(part);
}

ByteView Binding::complete(ByteView header_and_nonce) {
  std::memcpy(bytes_.data(), header_and_nonce.data(), kFrontBytes);
  return ByteView(bytes_).first(size_);
}

Suite preferred_suite() {
  return primitives::cpu_has_aes() ? Suite::kAes256Gcm : Suite::kXChaCha20Poly1305;
}

Bytes seal(Suite suite, ByteView key, KeyVersion version, Binding& binding, ByteView plaintext,
           Random& random) {
  Bytes sealed(kOverheadBytes + plaintext.size());
  sealed[0] = kFormatVersion;
  sealed[1] = static_cast<Byte>(suite);
  store_be<4>(sealed.data() + 2, version.value);
  random.fill(std::span(sealed).subspan(kNonceAt, kNonceBytes));
  const Derived derived = derive(key, binding.complete(ByteView(sealed).first(kCommitmentAt)));
  std::copy_n(derived.commitment().begin(), kCommitmentBytes, sealed.begin() + kCommitmentAt);
  const std::span<Byte> body = std::span(sealed).subspan(kSealedFieldHeaderBytes);
  if (suite == Suite::kAes256Gcm) {
    primitives::aes256gcm_seal(body, derived.cipher_key(),
                               ByteView(kZeroNonce).first(primitives::kGcmNonceBytes), {},
                               plaintext);
  } else {
    primitives::xchacha20poly1305_seal(body, derived.cipher_key(), kZeroNonce, {}, plaintext);
  }
  return sealed;
}

Result<void> open(std::span<Byte> out, ByteView key, KeyVersion version, Binding& binding,
                  ByteView sealed) {
  FIELDGATE_TRY(const SealedHeader header, read_sealed_header(sealed));
  if (header.key_version != version || sealed.size() - kOverheadBytes != out.size()) {
    return does_not_open();
  }
  const Derived derived = derive(key, binding.complete(sealed.first(kCommitmentAt)));
  if (!constant_time_equal(derived.commitment(), sealed.subspan(kCommitmentAt, kCommitmentBytes))) {
    return does_not_open();
  }
  const ByteView body = sealed.subspan(kSealedFieldHeaderBytes);
  const bool good =
      header.suite == Suite::kAes256Gcm
          ? primitives::aes256gcm_open(out, derived.cipher_key(),
                                       ByteView(kZeroNonce).first(primitives::kGcmNonceBytes), {},
                                       body)
          : primitives::xchacha20poly1305_open(out, derived.cipher_key(), kZeroNonce, {}, body);
  if (!good) {
    return does_not_open();
  }
  return ok();
}

}  // namespace fieldgate::crypto::envelope

namespace fieldgate::crypto {

Result<SealedHeader> read_sealed_header(ByteView sealed) {
  if (sealed.size() < envelope::kOverheadBytes) {
    return make_error(ErrorCode::kCorrupt, "a sealed value is cut short", "sealed-value");
  }
  if (sealed[0] != envelope::kFormatVersion) {
    return make_error(ErrorCode::kCorrupt,
                      "a sealed value has format version " + std::to_string(sealed[0]) +
                          ", which this release does not know",
                      "sealed-value");
  }
  if (sealed[1] != static_cast<Byte>(Suite::kAes256Gcm) &&
      sealed[1] != static_cast<Byte>(Suite::kXChaCha20Poly1305)) {
    return make_error(ErrorCode::kCorrupt,
                      "a sealed value has cipher suite " + std::to_string(sealed[1]) +
                          ", which this release does not know",
                      "sealed-value");
  }
  const auto version = static_cast<std::uint32_t>(load_be<4>(sealed.data() + 2));
  if (version == 0) {
    return make_error(ErrorCode::kCorrupt, "a sealed value names no key version", "sealed-value");
  }
  return SealedHeader{static_cast<Suite>(sealed[1]), KeyVersion{version}};
}

}  // namespace fieldgate::crypto
