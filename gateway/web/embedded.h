// Files that are part of the binary.
#pragma once

#include <string_view>

namespace fieldgate::web {

[[nodiscard]] std::string_view openapi_json();
[[nodiscard]] std::string_view docs_template();
[[nodiscard]] std::string_view table_template();
[[nodiscard]] std::string_view docs_style();

}  // namespace fieldgate::web
