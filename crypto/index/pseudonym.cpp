#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>
#include <fieldgate/crypto/pseudonym.h>

#include "crypto/aead/primitives.h"
#include "crypto/index/siv.h"

#include <algorithm>
#include <utility>

namespace fieldgate::crypto {

namespace {

constexpr std::string_view kSubjectMarker = "psn1_";
constexpr std::string_view kValueMarker = "pv1_";
constexpr std::size_t kSubjectBytes = std::tuple_size_v<decltype(SubjectId::bytes)>;
constexpr std::size_t kSealedBytes = SivCipher::kTagBytes + kSubjectBytes;
constexpr std::size_t kValueBytes = 20;

std::string marked(std::string_view marker, ByteView bytes) {
  std::string text;
  text.reserve(marker.size() + (bytes.size() * 8 + 5) / 6);
  text += marker;
  append_base64url(text, bytes);
  return text;
}

// What a key is for, version and both names, each with a width of its own: no two domains share it.
Bytes domain(std::string_view label, KeyVersion version, std::string_view app,
             std::string_view purpose) {
  Bytes bytes;
  for (const std::string_view part : {label, app, purpose}) {
    append_be<4>(bytes, part.size());
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  append_be<4>(bytes, version.value);
  return bytes;
}

SivCipher make_cipher(const SecretBytes& psn_key, KeyVersion version, std::string_view app,
                      std::string_view purpose) {
  SecretArray<SivCipher::kKeyBytes> key;
  primitives::blake2b(key.reveal_mutable(), psn_key.reveal(),
                      {domain("fieldgate pseudonym of a person v1", version, app, purpose)});
  return SivCipher(key.reveal());
}

}  // namespace

struct PseudonymDomain::State {
  SivCipher cipher;
  SecretArray<primitives::kKeyBytes> value_key;
};

PseudonymDomain::PseudonymDomain(const SecretBytes& psn_key, KeyVersion version,
                                 std::string_view app, std::string_view purpose)
    : state_(std::make_unique<State>(
          State{make_cipher(psn_key, version, app, purpose), SecretArray<32>{}})) {
  primitives::blake2b(state_->value_key.reveal_mutable(), psn_key.reveal(),
                      {domain("fieldgate pseudonym of a value v1", version, app, purpose)});
}

PseudonymDomain::~PseudonymDomain() = default;
PseudonymDomain::PseudonymDomain(PseudonymDomain&&) noexcept = default;
PseudonymDomain& PseudonymDomain::operator=(PseudonymDomain&&) noexcept = default;

std::string PseudonymDomain::encode(const SubjectId& subject) const {
  std::array<Byte, kSealedBytes> sealed{};
  state_->cipher.seal(sealed, subject.bytes);
  return marked(kSubjectMarker, sealed);
}

Result<SubjectId> PseudonymDomain::decode(std::string_view pseudonym) const {
  const auto sealed = pseudonym.starts_with(kSubjectMarker)
                          ? base64url_decode(pseudonym.substr(kSubjectMarker.size()))
                          : std::nullopt;
  if (!sealed || sealed->size() != kSealedBytes) {
    return make_error(ErrorCode::kInvalid, "the subject is not a pseudonym");
  }
  SubjectId subject;
  if (!state_->cipher.open(subject.bytes, *sealed)) {
    return make_error(ErrorCode::kNotFound, "the pseudonym was not made for this app and purpose");
  }
  return subject;
}

std::string PseudonymDomain::of_value(std::string_view value) const {
  const Hash32 hash = blake2b_256(state_->value_key.reveal(), {as_bytes(value)});
  return marked(kValueMarker, ByteView(hash).first(kValueBytes));
}

}  // namespace fieldgate::crypto
