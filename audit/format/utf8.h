// UTF-8 as the formats of the log need it (Unicode 15, table 3-7).
#pragma once

#include <cstddef>
#include <string_view>

namespace fieldgate::audit {

/// The length of the well-formed code point at the front of `text`, or 0. `broken` is then how many
/// bytes one U+FFFD stands for (the maximal subpart, at least 1).
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t& broken);
[[nodiscard]] bool is_utf8(std::string_view text);
/// True when valid UTF-8 holds a control character or anything with the White_Space property.
[[nodiscard]] bool has_space_or_control(std::string_view text);

}  // namespace fieldgate::audit
