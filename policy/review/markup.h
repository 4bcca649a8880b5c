// Text that must not act as markup.
#pragma once

#include <string>
#include <string_view>

namespace fieldgate::policy {

/// For HTML and SVG, in text and in quoted attributes.
[[nodiscard]] std::string xml_text(std::string_view text);
/// For Markdown, also inside a table.
[[nodiscard]] std::string markdown_text(std::string_view text);

}  // namespace fieldgate::policy
