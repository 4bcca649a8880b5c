// Decimal numbers as text: one canonical form, and rounding that is exact in decimal.
#pragma once

#include <fieldgate/base/result.h>

#include <string>
#include <string_view>

namespace fieldgate::values {

/// The shortest JSON number that reads back as this double; `kInvalid` unless it is finite. Minus
/// zero is "0".
[[nodiscard]] Result<std::string> format_number(double value);

/// Reads the text of a JSON number into its canonical form; `kInvalid` for another text, or for
/// more significant digits than a double keeps (`kMaxNumberDigits`).
[[nodiscard]] Result<std::string> canonical_number(std::string_view text);

/// Appends the number rounded to two significant digits, half away from zero: "123.45" gives
/// "120", "-0.0125" gives "-0.013". False, and nothing appended, when `text` is no JSON number.
[[nodiscard]] bool append_two_digits(std::string& out, std::string_view text);

}  // namespace fieldgate::values
