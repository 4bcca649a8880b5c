// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace fieldgate::http {

/// What stands at the start of `text`: a well-formed sequence of `size` octets, or an ill-formed
/// one whose longest plausible prefix has `size` octets (at least one).
struct Utf8Sequence {
  std::size_t size;
  bool valid;
};
[[nodiscard]] Utf8Sequence next_utf8(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace fieldgate::http
