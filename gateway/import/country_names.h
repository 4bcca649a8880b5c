// From the name of a country to its code.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fieldgate::importing {

/// The ISO 3166-1 alpha-2 code of an English country name (CLDR's, and common older ones), an
/// alpha-2 or an alpha-3 code, in any case: "Brazil", "USA", "czech republic". Thread-safe.
[[nodiscard]] std::optional<std::string> country_code_of(std::string_view name);

}  // namespace fieldgate::importing
