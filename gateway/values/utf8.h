// UTF-8 as values need it: is it well-formed, and where does the next character begin.
#pragma once

#include <cstddef>
#include <string_view>

namespace fieldgate::values {

/// True for well-formed UTF-8 (Unicode 15, table 3-7): no overlong form, surrogate or value beyond
/// U+10FFFF.
[[nodiscard]] bool is_valid_utf8(std::string_view text);

/// The number of code points of well-formed text.
[[nodiscard]] std::size_t count_characters(std::string_view text);

/// The byte offset at which the code point with this number begins; `text.size()` beyond the last.
[[nodiscard]] std::size_t character_offset(std::string_view text, std::size_t number);

}  // namespace fieldgate::values
