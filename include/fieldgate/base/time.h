// Points in time, calendar dates, and the clock port.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fieldgate {

/// UTC with microsecond resolution; the only time type that crosses a module border.
using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;
/// A civil date of the proleptic Gregorian calendar.
using Date = std::chrono::year_month_day;

/// Where the gateway gets the time from; passed in, so that tests decide what time it is.
/// Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual UtcTime now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] UtcTime now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
  }
};

/// Reads an RFC 3339 date-time ("2026-11-02T12:00:00Z", offsets and fractions of a second allowed);
/// nothing on any other text, an impossible date, or a year outside 1900 to 9999.
[[nodiscard]] std::optional<UtcTime> parse_rfc3339(std::string_view text);
/// Reads "YYYY-MM-DD"; nothing on an impossible date or a year outside 1800 to 9999.
[[nodiscard]] std::optional<Date> parse_date(std::string_view text);
/// "2026-11-02T12:00:00Z"; seconds, truncated.
[[nodiscard]] std::string format_rfc3339(UtcTime time);
/// "2026-11-02T12:00:00.000000Z"; always 27 characters for years 1000 to 9999.
[[nodiscard]] std::string format_rfc3339_micros(UtcTime time);
/// "2026-11-02".
[[nodiscard]] std::string format_date(Date date);

}  // namespace fieldgate
