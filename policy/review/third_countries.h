// Where personal data may go without a further safeguard (GDPR chapter V).
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace fieldgate::policy {

/// The day of the state that the two lists below give.
inline constexpr std::string_view kTransfersAsOf = "2026-05-06";

/// The European Economic Area (EEA Agreement; without Switzerland, which is below).
inline constexpr std::array<std::string_view, 30> kEea{
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"};

/// One decision of the European Commission under GDPR 45(3), or 25(6) of Directive 95/46/EC.
struct AdequacyDecision {
  std::string_view country;
  std::string_view decision;
  std::string_view until;  ///< the day after which it does not apply; empty: none is set
};

/// Those that cover every private recipient of the country. Sources: Implementing Decision (EU)
/// 2016/2295, which lists the decisions under the directive, and COM(2024) 7, which confirms them;
/// the Commission's announcements of 19 December 2025 (United Kingdom) and 26 January 2026
/// (Brazil). Left out, because they cover some recipients only and a `safeguard` has to name why:
/// Canada (2002/2/EC, commercial organisations), the United States ((EU) 2023/1795, certified
/// organisations), and international organisations.
inline constexpr std::array<AdequacyDecision, 14> kAdequate{{
    {"AD", "2010/625/EU", ""},
    {"AR", "2003/490/EC", ""},
    {"BR", "(EU) 2026/179", ""},
    {"CH", "2000/518/EC", ""},
    {"FO", "2010/146/EU", ""},
    {"GB", "(EU) 2021/1772, renewed", "2031-12-27"},
    {"GG", "2003/821/EC", ""},
    {"IL", "2011/61/EU", ""},
    {"IM", "2004/411/EC", ""},
    {"JE", "2008/393/EC", ""},
    {"JP", "(EU) 2019/419", ""},
    {"KR", "(EU) 2022/254", ""},
    {"NZ", "2013/65/EU", ""},
    {"UY", "2012/484/EU", ""},
}};

[[nodiscard]] inline bool needs_safeguard(std::string_view country) {
  return !country.empty() && std::find(kEea.begin(), kEea.end(), country) == kEea.end() &&
         std::none_of(kAdequate.begin(), kAdequate.end(),
                      [&](const AdequacyDecision& one) { return one.country == country; });
}

}  // namespace fieldgate::policy
