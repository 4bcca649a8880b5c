#include "gateway/values/number.h"

#include "gateway/values/values.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace fieldgate::values {

namespace {

/// Exponents beyond this are refused: no double reaches them.
constexpr int kMaxExponent = 400;
/// Rounded numbers with at most this many zeros before or behind their digits are written out.
constexpr int kMaxPlainZeros = 20;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A decimal number 0.d1d2d3… × 10^point without leading zeros; zero has no digits.
struct Decimal {
  bool negative = false;
  std::size_t digits = 0;       // significant ones, trailing zeros included
  std::size_t significant = 0;  // without the trailing zeros
  std::array<char, 3> leading{'0', '0', '0'};
  int point = 0;
};

std::optional<int> parse_exponent(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || !is_digit(text.front()) || error != std::errc{} ||
      end != text.data() + text.size() || value > kMaxExponent) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

// RFC 8259, section 6.
std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal number;
  std::size_t at = 0;
  const auto here = [&] { return at < text.size() ? text[at] : '\0'; };
  const auto take = [&](bool before_point) {
    const char digit = here();
    if (number.digits == 0 && digit == '0') {
      number.point -= before_point ? 0 : 1;
    } else {
      if (number.digits < number.leading.size()) {
        number.leading[number.digits] = digit;
      }
      ++number.digits;
      number.significant = digit != '0' ? number.digits : number.significant;
      number.point += before_point ? 1 : 0;
    }
    ++at;
  };
  if (here() == '-') {
    number.negative = true;
    ++at;
  }
  if (!is_digit(here()) || (here() == '0' && at + 1 < text.size() && is_digit(text[at + 1]))) {
    return std::nullopt;
  }
  while (is_digit(here())) {
    take(true);
  }
  if (here() == '.') {
    ++at;
    if (!is_digit(here())) {
      return std::nullopt;
    }
    while (is_digit(here())) {
      take(false);
    }
  }
  if (here() == 'e' || here() == 'E') {
    const auto exponent = parse_exponent(text.substr(at + 1));
    if (!exponent) {
      return std::nullopt;
    }
    number.point += *exponent;
    at = text.size();
  }
  if (at != text.size()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

Result<std::string> format_number(double value) {
  if (!std::isfinite(value)) {
    return make_error(ErrorCode::kInvalid, "the number is not finite", "invalid-value");
  }
  std::array<char, 32> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value == 0 ? 0.0 : value);
  if (error != std::errc{}) {
    return make_error(ErrorCode::kInternal, "the number cannot be written");
  }
  return std::string(buffer.data(), end);
}

Result<std::string> canonical_number(std::string_view text) {
  const auto decimal = parse_decimal(text);
  if (!decimal) {
    return make_error(ErrorCode::kInvalid, "not a number with a decimal point, such as `12.5`",
                      "invalid-value");
  }
  if (decimal->significant > kMaxNumberDigits) {
    return make_error(
        ErrorCode::kInvalid,
        "the number has more than " + std::to_string(kMaxNumberDigits) + " significant digits",
        "invalid-value");
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return make_error(ErrorCode::kInvalid, "the number is too large or too small", "invalid-value");
  }
  return format_number(value);
}

bool append_two_digits(std::string& out, std::string_view text) {
  const auto decimal = parse_decimal(text);
  if (!decimal) {
    return false;
  }
  if (decimal->digits == 0) {
    out += '0';
    return true;
  }
  int value = (decimal->leading[0] - '0') * 10 + (decimal->leading[1] - '0');
  value += decimal->leading[2] >= '5' ? 1 : 0;
  int point = decimal->point;
  if (value == 100) {
    value = 10;
    ++point;
  }
  const char first = static_cast<char>('0' + value / 10);
  const char second = static_cast<char>('0' + value % 10);
  if (decimal->negative) {
    out += '-';
  }
  if (point > kMaxPlainZeros || point < -kMaxPlainZeros) {
    out += first;
    if (second != '0') {
      out += '.';
      out += second;
    }
    out += 'e';
    out += std::to_string(point - 1);  // at most five characters: stays in the small buffer
    return true;
  }
  if (point >= 2) {
    out += first;
    out += second;
    out.append(static_cast<std::size_t>(point - 2), '0');
    return true;
  }
  if (point == 1) {
    out += first;
    if (second != '0') {
      out += '.';
      out += second;
    }
    return true;
  }
  out += "0.";
  out.append(static_cast<std::size_t>(-point), '0');
  out += first;
  if (second != '0') {
    out += second;
  }
  return true;
}

}  // namespace fieldgate::values
