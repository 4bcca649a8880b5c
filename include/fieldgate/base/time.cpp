#include <fieldgate/base/time.h>

#include <array>
#include <cstdio>

namespace fieldgate {

namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::sys_days;

// Reads exactly `count` decimal digits at `at`; -1 when there are fewer.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) {
    return -1;
  }
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') {
      return -1;
    }
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool has(std::string_view text, std::size_t at, char wanted) {
  return at < text.size() && text[at] == wanted;
}

std::optional<Date> civil(std::string_view text, int first_year) {
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  if (year < first_year || month < 1 || day < 1 || !has(text, 4, '-') || !has(text, 7, '-')) {
    return std::nullopt;
  }
  const Date date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                  std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) {
    return std::nullopt;
  }
  return date;
}

struct Fields {
  int year;
  unsigned month, day;
  int hour, minute, second, micro;
};

Fields split(UtcTime time) {
  const auto day = std::chrono::floor<days>(time);
  const Date date{day};
  const auto of_day = std::chrono::hh_mm_ss{time - day};
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<int>(of_day.hours().count()),
          static_cast<int>(of_day.minutes().count()),
          static_cast<int>(of_day.seconds().count()),
          static_cast<int>(of_day.subseconds().count())};
}

void put(char* out, unsigned value, int width) {
  for (int i = width; i-- > 0;) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// Fills in what stands before the fraction, without snprintf: each audit record passes here.
void put_seconds(std::string& text, const Fields& f) {
  put(text.data(), static_cast<unsigned>(f.year), 4);
  put(text.data() + 5, f.month, 2);
  put(text.data() + 8, f.day, 2);
  put(text.data() + 11, static_cast<unsigned>(f.hour), 2);
  put(text.data() + 14, static_cast<unsigned>(f.minute), 2);
  put(text.data() + 17, static_cast<unsigned>(f.second), 2);
}

}  // namespace

std::optional<Date> parse_date(std::string_view text) {
  if (text.size() != 10) {
    return std::nullopt;
  }
  return civil(text, 1800);
}

std::optional<UtcTime> parse_rfc3339(std::string_view text) {
  const auto date = civil(text.substr(0, 10), 1900);
  if (!date || text.size() < 20 || (text[10] != 'T' && text[10] != 't')) {
    return std::nullopt;
  }
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  int second = digits(text, 17, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
      !has(text, 13, ':') || !has(text, 16, ':')) {
    return std::nullopt;
  }
  std::size_t at = 19;
  microseconds fraction{0};
  if (has(text, at, '.')) {
    ++at;
    std::int64_t scale = 100000;
    const std::size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      fraction += microseconds{scale * (text[at] - '0')};
      scale /= 10;
      ++at;
    }
    if (at == first) {
      return std::nullopt;
    }
  }
  std::chrono::minutes offset{0};
  if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    // UTC
  } else if (at + 6 == text.size() && (text[at] == '+' || text[at] == '-') &&
             has(text, at + 3, ':')) {
    const int hours = digits(text, at + 1, 2);
    const int minutes = digits(text, at + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
      return std::nullopt;
    }
    offset = std::chrono::minutes{hours * 60 + minutes};
    if (text[at] == '-') {
      offset = -offset;
    }
  } else {
    return std::nullopt;
  }
  if (second == 60) {
    second = 59;  // a leap second has no place of its own in Unix time
  }
  return UtcTime{sys_days{*date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                 std::chrono::seconds{second} + fraction - offset};
}

std::string format_rfc3339(UtcTime time) {
  std::string text = "0000-00-00T00:00:00Z";
  put_seconds(text, split(time));
  return text;
}

std::string format_rfc3339_micros(UtcTime time) {
  const Fields f = split(time);
  std::string text = "0000-00-00T00:00:00.000000Z";
  put_seconds(text, f);
  put(text.data() + 20, static_cast<unsigned>(f.micro), 6);
  return text;
}

std::string format_date(Date date) {
  std::string text = "0000-00-00";
  put(text.data(), static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put(text.data() + 5, static_cast<unsigned>(date.month()), 2);
  put(text.data() + 8, static_cast<unsigned>(date.day()), 2);
  return text;
}

}  // namespace fieldgate
