// Identifiers of a person: normalisation and blind index (GDPR 4(5), 25(1), 32(1)(a)).
#pragma once

#include <fieldgate/base/ids.h>
#include <fieldgate/base/result.h>
#include <fieldgate/base/secret_bytes.h>

#include <optional>
#include <string>
#include <string_view>

namespace fieldgate::crypto {

/// Limits on what a caller may send as an identifier, in bytes of UTF-8.
inline constexpr std::size_t kMaxIdentifierBytes = 320;  // RFC 5321: 64 + "@" + 255

/// The version of the normalisation rules that an index was made with; stored beside it.
inline constexpr std::uint8_t kNormaliserProfile = 1;

/// "email", "phone", "account_id"; nothing for another word.
[[nodiscard]] std::optional<IdentifierType> parse_identifier_type(std::string_view word);
[[nodiscard]] std::string_view identifier_type_name(IdentifierType type);

/// Brings an identifier to its one form, or says why it is none (`kInvalid`; the message never
/// repeats the value).
/// - email: trimmed, Unicode NFC, case-folded, the domain to its A-label (UTS #46, libidn2); one
/// "@";
/// - phone: E.164 through libphonenumber; `region` (ISO 3166-1 alpha-2) is needed for a number
///   without a country code; extensions are refused;
/// - account_id: trimmed, NFC, case kept, 1 to 128 bytes, no control characters.
/// Thread-safe. ASCII e-mail addresses take a path without allocation beyond the result.
[[nodiscard]] Result<std::string> normalise_identifier(IdentifierType type, std::string_view value,
                                                       std::string_view region = {});

/// Makes blind indexes under the tenant's `idx` key: keyed BLAKE2b over profile and normalised
/// value, with a key of its own per identifier type. Thread-safe after construction.
class BlindIndexer {
 public:
  explicit BlindIndexer(const SecretBytes& idx_key);  ///< 32 bytes
  [[nodiscard]] BlindIndex index(IdentifierType type, std::string_view normalised) const;

 private:
  SecretArray<32> keys_[3];
};

}  // namespace fieldgate::crypto
