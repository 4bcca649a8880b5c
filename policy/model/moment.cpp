#include "policy/model/moment.h"

#include <algorithm>

namespace fieldgate::policy {

namespace {

constexpr int kMinutesPerDay = 24 * 60;

bool matches(const std::vector<std::string>& allowed, std::string_view word) {
  if (allowed.empty()) {
    return true;
  }
  return !word.empty() && std::find(allowed.begin(), allowed.end(), word) != allowed.end();
}

bool inside(const HoursWindow& window, int minute) {
  if (window.start_minute < window.end_minute) {
    return minute >= window.start_minute && minute < window.end_minute;
  }
  return minute >= window.start_minute || minute < window.end_minute;
}

}  // namespace

std::optional<int> local_minute(const ZoneTable& zone, UtcTime now) {
  const std::int64_t utc = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (utc < kZoneFirst || utc >= kZoneEnd || zone.from.empty()) {
    return std::nullopt;
  }
  const auto after = std::upper_bound(zone.from.begin(), zone.from.end(), utc);
  if (after == zone.from.begin()) {
    return std::nullopt;
  }
  const auto index = static_cast<std::size_t>(after - zone.from.begin() - 1);
  const std::int64_t minutes = (utc + zone.offset_seconds[index]) / 60;
  return static_cast<int>(((minutes % kMinutesPerDay) + kMinutesPerDay) % kMinutesPerDay);
}

bool moment_holds(const Moment& moment, const std::vector<ZoneTable>& zones, UtcTime now,
                  const Context& context) {
  if (!matches(moment.channels, context.channel) || !matches(moment.countries, context.country) ||
      !matches(moment.places, context.place) || !matches(moment.devices, context.device) ||
      !matches(moment.events, context.event)) {
    return false;
  }
  if (moment.hours.empty()) {
    return true;
  }
  for (const HoursWindow& window : moment.hours) {
    const std::optional<int> minute = local_minute(zones[window.zone], now);
    if (minute && inside(window, *minute)) {
      return true;
    }
  }
  return false;
}

}  // namespace fieldgate::policy
