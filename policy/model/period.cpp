#include "policy/model/period.h"

namespace fieldgate::policy {

namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr UtcTime kFirstInstant =
    sys_days{year_month_day{std::chrono::year{1800}, std::chrono::January, std::chrono::day{1}}};
constexpr UtcTime kLastInstant =
    sys_days{year_month_day{std::chrono::year{9000}, std::chrono::January, std::chrono::day{1}}};

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kMaxPeriodSeconds = kMaxPeriodYears * 366 * kSecondsPerDay;
constexpr int kMaxPeriodMonths = kMaxPeriodYears * 12;

// Adds `count` of the unit `letter`; false for a unit that is unknown or out of its order.
bool add_unit(Period& period, int& last_rank, bool in_time, char letter, std::int64_t count) {
  constexpr std::string_view kDateUnits = "YMWD";
  constexpr std::string_view kTimeUnits = "HMS";
  const std::string_view units = in_time ? kTimeUnits : kDateUnits;
  const std::size_t found = units.find(letter);
  if (found == std::string_view::npos) {
    return false;
  }
  const int rank = static_cast<int>(found) + (in_time ? 10 : 0);
  if (rank <= last_rank) {
    return false;
  }
  last_rank = rank;
  switch (rank) {
    case 0:
      period.months += static_cast<int>(count * 12);
      break;
    case 1:
      period.months += static_cast<int>(count);
      break;
    case 2:
      period.seconds += count * 7 * kSecondsPerDay;
      break;
    case 3:
      period.seconds += count * kSecondsPerDay;
      break;
    case 10:
      period.seconds += count * 3600;
      break;
    case 11:
      period.seconds += count * 60;
      break;
    default:
      period.seconds += count;
      break;
  }
  return true;
}

}  // namespace

std::optional<Period> parse_period(std::string_view text) {
  if (text.size() < 3 || text[0] != 'P') {
    return std::nullopt;
  }
  Period period;
  int last_rank = -1;
  bool in_time = false;
  std::size_t at = 1;
  while (at < text.size()) {
    if (text[at] == 'T' && !in_time) {
      in_time = true;
      ++at;
      if (at == text.size()) {
        return std::nullopt;
      }
      continue;
    }
    constexpr std::size_t kMaxDigits = 7;
    std::int64_t count = 0;
    const std::size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - first < kMaxDigits) {
      count = count * 10 + (text[at] - '0');
      ++at;
    }
    if (at == first || at == text.size() ||
        !add_unit(period, last_rank, in_time, text[at], count)) {
      return std::nullopt;
    }
    ++at;
    if (period.months > kMaxPeriodMonths || period.seconds > kMaxPeriodSeconds) {
      return std::nullopt;
    }
  }
  if (period.months == 0 && period.seconds == 0) {
    return std::nullopt;
  }
  return period;
}

std::string period_words(const Period& period) {
  constexpr std::int64_t kHour = 60 * 60;
  constexpr std::int64_t kDay = 24 * kHour;
  struct Unit {
    std::int64_t count;
    std::string_view name;
  };
  constexpr int kSpokenMonths = 36;  // people say "18 months", and "3 years"
  const int years =
      period.months < kSpokenMonths && period.months % 12 != 0 ? 0 : period.months / 12;
  const Unit units[] = {{years, "year"},
                        {period.months - years * 12, "month"},
                        {period.seconds / kDay, "day"},
                        {period.seconds % kDay / kHour, "hour"},
                        {period.seconds % kHour / 60, "minute"},
                        {period.seconds % 60, "second"}};
  std::string words;
  for (const Unit& unit : units) {
    if (unit.count != 0) {
      words += (words.empty() ? "" : " and ") + std::to_string(unit.count) + ' ' +
               std::string(unit.name) + (unit.count == 1 ? "" : "s");
    }
  }
  return words;
}

std::string period_iso(const Period& period) {
  constexpr std::int64_t kDay = 24 * 60 * 60;
  const auto part = [](std::int64_t count, char unit) {
    return count == 0 ? std::string() : std::to_string(count) + unit;
  };
  const std::string date = part(period.months % 12 == 0 ? period.months / 12 : 0, 'Y') +
                           part(period.months % 12 == 0 ? 0 : period.months, 'M') +
                           part(period.seconds / kDay, 'D');
  const std::int64_t rest = period.seconds % kDay;
  const std::string time =
      part(rest / 3600, 'H') + part(rest % 3600 / 60, 'M') + part(rest % 60, 'S');
  return 'P' + date + (time.empty() ? "" : 'T' + time);
}

bool is_surely_before_end(UtcTime start, const Period& period, UtcTime now) {
  constexpr days kShortestMonth{28};
  return start >= kFirstInstant && start < kLastInstant &&
         now < start + period.months * kShortestMonth + seconds{period.seconds};
}

std::optional<UtcTime> add_period(UtcTime start, const Period& period) {
  if (start < kFirstInstant || start >= kLastInstant) {
    return std::nullopt;
  }
  UtcTime end = start;
  if (period.months != 0) {
    const sys_days day = std::chrono::floor<days>(start);
    const auto of_day = start - day;
    const year_month_day date{day};
    const auto month = date.year() / date.month() + std::chrono::months{period.months};
    year_month_day moved = month / date.day();
    if (!moved.ok()) {
      moved = month / std::chrono::last;
    }
    end = UtcTime{sys_days{moved}} + of_day;
  }
  return end + seconds{period.seconds};
}

}  // namespace fieldgate::policy
