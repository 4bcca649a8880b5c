// Moments: named conditions on where, how and when a read happens.
#pragma once

#include "policy/model/place.h"

#include <fieldgate/base/time.h>
#include <fieldgate/policy/engine.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fieldgate::policy {

/// The offsets of one time zone over the years that a decision may ask for, computed at load so
/// that deciding neither allocates nor reads time zone data.
struct ZoneTable {
  std::string id;                  ///< "Europe/Dublin"
  std::vector<std::int64_t> from;  ///< seconds since 1970, rising; the first is `kZoneFirst`
  std::vector<std::int32_t> offset_seconds;  ///< in force from the same place on
};
/// 1970-01-01 and 2150-01-01 UTC: a time outside has no known offset and so no moment with hours.
inline constexpr std::int64_t kZoneFirst = 0;
inline constexpr std::int64_t kZoneEnd = 5'680'281'600;

/// Half-open in local minutes of the day; `start > end` crosses midnight.
struct HoursWindow {
  std::uint16_t zone = 0;  ///< index into the policy's zones
  std::uint16_t start_minute = 0;
  std::uint16_t end_minute = 0;
};

/// Every condition that is named must hold; a condition holds when one of its words matches.
struct Moment {
  std::string name;
  std::string says;
  Place where;
  std::vector<HoursWindow> hours;
  std::vector<std::string> channels;
  std::vector<std::string> countries;
  std::vector<std::string> places;
  std::vector<std::string> devices;
  std::vector<std::string> events;
};

/// The local minute of the day; nothing outside the table.
[[nodiscard]] std::optional<int> local_minute(const ZoneTable& zone, UtcTime now);

/// A context word that is absent matches nothing (decision rule 32).
[[nodiscard]] bool moment_holds(const Moment& moment, const std::vector<ZoneTable>& zones,
                                UtcTime now, const Context& context);

}  // namespace fieldgate::policy
