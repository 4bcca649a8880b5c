// The page at /docs, drawn from the OpenAPI document.
#pragma once

#include <fieldgate/base/result.h>

#include <string>
#include <string_view>

namespace fieldgate::web {

/// Fills the templates (mustache; the second is the partial `table` of the first) with an
/// OpenAPI 3.1 document: its operations by tag, each with a curl line made of its example, the
/// members of what goes in and comes out, the answers; and the extensions `x-role`, `x-demo-key`,
/// `x-reasons`, `x-limits`. All text of the document is escaped; between backticks it becomes code.
/// `kInvalid` when the document or the template is malformed.
[[nodiscard]] Result<std::string> render_docs_page(std::string_view openapi_json,
                                                   std::string_view page_template,
                                                   std::string_view table_template);

}  // namespace fieldgate::web
