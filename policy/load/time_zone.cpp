#include "policy/load/time_zone.h"

#include <unicode/basictz.h>
#include <unicode/strenum.h>
#include <unicode/timezone.h>
#include <unicode/tztrans.h>
#include <unicode/unistr.h>

#include <memory>

namespace fieldgate::policy {

namespace {

constexpr double kMillisPerSecond = 1000.0;

bool offset_at(const icu::TimeZone& zone, std::int64_t second, std::int32_t& out) {
  std::int32_t raw = 0;
  std::int32_t daylight = 0;
  UErrorCode status = U_ZERO_ERROR;
  zone.getOffset(static_cast<double>(second) * kMillisPerSecond, false, raw, daylight, status);
  out = (raw + daylight) / 1000;
  return U_SUCCESS(status);
}

}  // namespace

std::optional<ZoneTable> load_zone(const std::string& id) {
  // "UTC" and "Area/City" only: abbreviations such as EST and custom offsets mean different things
  // to different readers.
  if (id != "UTC" && id.find('/') == std::string::npos) {
    return std::nullopt;
  }
  const icu::UnicodeString name = icu::UnicodeString::fromUTF8(id);
  UErrorCode status = U_ZERO_ERROR;
  UBool is_system = false;
  icu::UnicodeString canonical;
  icu::TimeZone::getCanonicalID(name, canonical, is_system, status);
  if (U_FAILURE(status) || !is_system) {
    return std::nullopt;
  }
  const std::unique_ptr<icu::TimeZone> zone(icu::TimeZone::createTimeZone(name));
  const auto* rules = dynamic_cast<const icu::BasicTimeZone*>(zone.get());
  if (rules == nullptr) {
    return std::nullopt;
  }
  ZoneTable table;
  table.id = id;
  std::int32_t offset = 0;
  if (!offset_at(*zone, kZoneFirst, offset)) {
    return std::nullopt;
  }
  table.from.push_back(kZoneFirst);
  table.offset_seconds.push_back(offset);
  icu::TimeZoneTransition transition;
  double after = static_cast<double>(kZoneFirst) * kMillisPerSecond;
  while (rules->getNextTransition(after, false, transition)) {
    after = transition.getTime();
    const auto second = static_cast<std::int64_t>(after / kMillisPerSecond);
    if (second >= kZoneEnd) {
      break;
    }
    if (!offset_at(*zone, second, offset)) {
      return std::nullopt;
    }
    if (offset != table.offset_seconds.back()) {
      table.from.push_back(second);
      table.offset_seconds.push_back(offset);
    }
  }
  return table;
}

std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::StringEnumeration> all(icu::TimeZone::createTimeZoneIDEnumeration(
      UCAL_ZONE_TYPE_CANONICAL, nullptr, nullptr, status));
  if (U_FAILURE(status) || all == nullptr) {
    return names;
  }
  while (const char* name = all->next(nullptr, status)) {
    names.emplace_back(name);
  }
  return names;
}

}  // namespace fieldgate::policy
