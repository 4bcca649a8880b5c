// E-mail addresses. Internal; `normalise_identifier` is the way in.
#pragma once

#include <fieldgate/base/result.h>

#include <optional>
#include <string>
#include <string_view>

namespace fieldgate::crypto {

inline constexpr std::size_t kMaxLocalPartBytes = 64;  // RFC 5321, 4.5.3.1.1
inline constexpr std::size_t kMaxDomainBytes = 255;    // RFC 5321, 4.5.3.1.2

/// The one form of an address in plain ASCII; nothing when it needs, or may need, more than lower
/// case: the general way then decides.
[[nodiscard]] std::optional<std::string> normalise_plain_email(std::string_view value);

/// The one form of any address.
[[nodiscard]] Result<std::string> normalise_general_email(std::string_view value);

/// The A-label form of a domain: UTS #46, non-transitional.
[[nodiscard]] Result<std::string> domain_to_ascii(std::string_view domain);

}  // namespace fieldgate::crypto
