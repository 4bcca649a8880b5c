// Text that must not act as Markdown; for HTML and SVG see base/markup.h.
#pragma once

#include <string>
#include <string_view>

namespace fieldgate::policy {

/// For Markdown, also inside a table.
[[nodiscard]] std::string markdown_text(std::string_view text);

}  // namespace fieldgate::policy
