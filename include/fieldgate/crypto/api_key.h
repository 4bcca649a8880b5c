// App credentials: API keys of 256 random bits (docs/api.md, "Credentials").
#pragma once

#include <fieldgate/base/bytes.h>
#include <fieldgate/base/random.h>
#include <fieldgate/base/secret_bytes.h>

#include <optional>
#include <string>
#include <string_view>

namespace fieldgate::crypto {

/// "fgk_" + 8 characters of public prefix + "_" + 43 characters of base64url (32 random bytes).
inline constexpr std::size_t kApiKeyLength = 4 + 8 + 1 + 43;

struct NewApiKey {
  std::string prefix;  ///< names the key in lists, logs and audit records; not secret
  SecretBytes text;    ///< the whole key; shown once
  Hash32 hash{};       ///< what is stored
};

[[nodiscard]] NewApiKey make_api_key(Random& random);

/// The prefix and the hash of a well-formed key; nothing otherwise. Plain SHA-256 is enough for a
/// key with 256 bits of entropy.
struct ParsedApiKey {
  std::string_view prefix;
  Hash32 hash;
};
[[nodiscard]] std::optional<ParsedApiKey> parse_api_key(std::string_view text);

}  // namespace fieldgate::crypto
