// Where personal data may go without a further safeguard (GDPR chapter V).
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace fieldgate::policy {

/// The European Economic Area.
inline constexpr std::array<std::string_view, 30> kEea{
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"};

/// Countries with an adequacy decision for all private recipients, as the European Commission
/// published them by the end of 2025 (GDPR 45). The United States are left out: that decision
/// covers certified organisations only, which a `safeguard` has to name; so are Canada's, which
/// covers commercial organisations, and decisions for international organisations.
inline constexpr std::array<std::string_view, 13> kAdequate{
    "AD", "AR", "CH", "FO", "GB", "GG", "IL", "IM", "JE", "JP", "KR", "NZ", "UY"};

[[nodiscard]] inline bool needs_safeguard(std::string_view country) {
  return !country.empty() && std::find(kEea.begin(), kEea.end(), country) == kEea.end() &&
         std::find(kAdequate.begin(), kAdequate.end(), country) == kAdequate.end();
}

}  // namespace fieldgate::policy
