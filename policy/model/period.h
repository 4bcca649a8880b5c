// Calendar periods (ISO 8601 durations) and their addition to a point in time.
#pragma once

#include <fieldgate/base/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fieldgate::policy {

/// The longest period that a policy may name.
inline constexpr int kMaxPeriodYears = 200;

/// Years and months count by the calendar, the rest by the clock.
struct Period {
  int months = 0;
  std::int64_t seconds = 0;
  friend bool operator==(const Period&, const Period&) = default;
};

/// Reads "P6Y", "P1Y6M", "P2W", "P30D", "PT12H"; nothing for a zero, negative, fractional or
/// longer period than `kMaxPeriodYears`, nor for any other text.
[[nodiscard]] std::optional<Period> parse_period(std::string_view text);

/// "6 years", "13 months", "30 days", "3 years and 6 months".
[[nodiscard]] std::string period_words(const Period& period);

/// ISO 8601: "P6Y", "P13M", "PT12H".
[[nodiscard]] std::string period_iso(const Period& period);

/// `start` plus the period: months first, to the same day of the month or its last one, at the same
/// time of day. Nothing when `start` lies outside the years 1800 to 9000 (decision rule 34).
[[nodiscard]] std::optional<UtcTime> add_period(UtcTime start, const Period& period);

/// True only when `now` is before `start` plus the period; false when that would take a calendar to
/// know, or `start` lies outside those years.
[[nodiscard]] bool is_surely_before_end(UtcTime start, const Period& period, UtcTime now);

/// Adding months may reorder two starts that are at most this far apart (the 29th to the 31st all
/// become the 28th of February), never two that are further apart.
inline constexpr std::chrono::days kMonthEndSlack{4};

}  // namespace fieldgate::policy
