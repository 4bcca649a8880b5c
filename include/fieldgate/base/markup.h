// Text that must not act as markup.
#pragma once

#include <string>
#include <string_view>

namespace fieldgate {

/// Appends one character of UTF-8 text for HTML, XML and SVG, in text and in quoted attributes.
void append_xml(std::string& out, char c);
[[nodiscard]] std::string xml_text(std::string_view text);

}  // namespace fieldgate
