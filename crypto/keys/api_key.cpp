#include <fieldgate/crypto/api_key.h>
#include <fieldgate/crypto/encoding.h>
#include <fieldgate/crypto/hash.h>

#include <algorithm>

namespace fieldgate::crypto {

namespace {

constexpr std::string_view kMarker = "fgk_";
constexpr std::size_t kPrefixLength = 8;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretAt = kMarker.size() + kPrefixLength + 1;
// Lower case without look-alikes: people read prefixes to each other.
constexpr std::string_view kPrefixLetters = "abcdefghijkmnpqrstuvwxyz23456789";
static_assert(kPrefixLetters.size() == 32);
static_assert(kSecretAt + (kSecretBytes * 8 + 5) / 6 == kApiKeyLength);

}  // namespace

NewApiKey make_api_key(Random& random) {
  std::array<Byte, kPrefixLength> draw{};
  random.fill(draw);
  NewApiKey key;
  for (const Byte byte : draw) {
    key.prefix += kPrefixLetters[byte % kPrefixLetters.size()];
  }
  SecretArray<kSecretBytes> secret;
  random.fill(secret.reveal_mutable());
  const SecretBytes encoded = SecretBytes::from_text(base64url_encode(secret.reveal()));
  key.text = SecretBytes(kApiKeyLength);
  const std::span<Byte> text = key.text.reveal_mutable();
  std::copy(kMarker.begin(), kMarker.end(), text.begin());
  std::copy(key.prefix.begin(), key.prefix.end(), text.begin() + kMarker.size());
  text[kSecretAt - 1] = '_';
  std::copy(encoded.reveal().begin(), encoded.reveal().end(), text.begin() + kSecretAt);
  key.hash = sha256(key.text.reveal());
  return key;
}

std::optional<ParsedApiKey> parse_api_key(std::string_view text) {
  if (text.size() != kApiKeyLength || !text.starts_with(kMarker) || text[kSecretAt - 1] != '_') {
    return std::nullopt;
  }
  const std::string_view prefix = text.substr(kMarker.size(), kPrefixLength);
  if (prefix.find_first_not_of(kPrefixLetters) != std::string_view::npos ||
      !base64url_decode(text.substr(kSecretAt))) {
    return std::nullopt;
  }
  return ParsedApiKey{prefix, sha256(as_bytes(text))};
}

}  // namespace fieldgate::crypto
