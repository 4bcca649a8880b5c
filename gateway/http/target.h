// The request target: which forms, octets and parameters are let in (RFC 3986, RFC 9112 3.2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fieldgate::http {

/// Most parameters in one query.
inline constexpr std::size_t kMaxQueryParameters = 64;

enum class TargetFault : std::uint8_t {
  kNone,
  kMalformed,          ///< an octet or a percent-encoding that the grammar does not allow
  kKeyInUrl,           ///< a credential, which would end up in histories and logs
  kRepeatedParameter,  ///< two readers could pick different ones
  kTooManyParameters,
};

/// Decodes percent-encoded octets once and appends them to `out`; false on a broken triplet.
[[nodiscard]] bool percent_decode(std::string_view text, std::string& out);

/// Encodes every octet but letters, digits, `-`, `.`, `_` and those in `kept` (RFC 3986 2.1).
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view kept = {});

/// Checks `path` (which begins with a slash) and `query` before anything looks at them.
[[nodiscard]] TargetFault check_target(std::string_view path, std::string_view query);

/// Decodes one path segment for use as a parameter. False when it is empty or a dot segment, or
/// holds an encoded slash, a control character, or octets that are not UTF-8.
[[nodiscard]] bool decode_segment(std::string_view segment, std::string& out);

/// Whether `authority` is a host with an optional port (RFC 3986 3.2), without user information.
[[nodiscard]] bool is_valid_host(std::string_view authority);

}  // namespace fieldgate::http
