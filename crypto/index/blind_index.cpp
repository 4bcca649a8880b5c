#include <fieldgate/crypto/hash.h>
#include <fieldgate/crypto/identifiers.h>

#include <array>

namespace fieldgate::crypto {

namespace {

constexpr std::array<std::string_view, 3> kTypeNames = {"email", "phone", "account_id"};

std::size_t position(IdentifierType type) {
  return static_cast<std::size_t>(type) - 1;
}

}  // namespace

std::optional<IdentifierType> parse_identifier_type(std::string_view word) {
  for (const IdentifierType type :
       {IdentifierType::kEmail, IdentifierType::kPhone, IdentifierType::kAccountId}) {
    if (kTypeNames[position(type)] == word) {
      return type;
    }
  }
  return std::nullopt;
}

std::string_view identifier_type_name(IdentifierType type) {
  return kTypeNames.at(position(type));
}

BlindIndexer::BlindIndexer(const SecretBytes& idx_key) {
  for (const IdentifierType type :
       {IdentifierType::kEmail, IdentifierType::kPhone, IdentifierType::kAccountId}) {
    const Byte number = static_cast<Byte>(type);
    keys_[position(type)].reveal_mutable() = blake2b_256(
        idx_key.reveal(), {as_bytes("fieldgate blind index key v1"), ByteView(&number, 1)});
  }
}

BlindIndex BlindIndexer::index(IdentifierType type, std::string_view normalised) const {
  const Byte profile = kNormaliserProfile;
  return BlindIndex{
      blake2b_256(keys_[position(type)].reveal(), {ByteView(&profile, 1), as_bytes(normalised)})};
}

}  // namespace fieldgate::crypto
