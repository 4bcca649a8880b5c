// Phone numbers. Internal; `normalise_identifier` is the way in.
#pragma once

#include <fieldgate/base/result.h>

#include <string>
#include <string_view>

namespace fieldgate::crypto {

/// E.164 counts at most 15 digits with the country code; the shortest subscriber numbers in use
/// (Niue, Saint Helena) have 7, and what is shorter is a service, not a person.
inline constexpr std::size_t kMinPhoneDigits = 7;
inline constexpr std::size_t kMaxPhoneDigits = 15;

[[nodiscard]] Result<std::string> normalise_phone(std::string_view value, std::string_view region);

}  // namespace fieldgate::crypto
