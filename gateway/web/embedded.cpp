// The assembler takes the files in as they are, so nothing is generated and their size costs no
// compile time. CMake knows that this object depends on them.
#include "gateway/web/embedded.h"

#include <cstddef>

#define FIELDGATE_EMBED(symbol, file)                              \
  asm(".pushsection .rodata\n.hidden " #symbol                     \
      "_begin\n"                                                   \
      ".global " #symbol "_begin\n" #symbol                        \
      "_begin:\n"                                                  \
      ".incbin \"" FIELDGATE_EMBED_ROOT file                       \
      "\"\n"                                                       \
      ".hidden " #symbol "_end\n.global " #symbol "_end\n" #symbol \
      "_end:\n.byte 0\n.popsection\n");                            \
  extern "C" const char symbol##_begin[];                          \
  extern "C" const char symbol##_end[]

FIELDGATE_EMBED(fieldgate_openapi_json, "/api/openapi/openapi.json");
FIELDGATE_EMBED(fieldgate_docs_template, "/web/templates/docs.mustache");
FIELDGATE_EMBED(fieldgate_table_template, "/web/templates/table.mustache");
FIELDGATE_EMBED(fieldgate_docs_style, "/web/static/docs.css");

#undef FIELDGATE_EMBED

namespace fieldgate::web {

namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::string_view openapi_json() {
  return between(fieldgate_openapi_json_begin, fieldgate_openapi_json_end);
}

std::string_view docs_template() {
  return between(fieldgate_docs_template_begin, fieldgate_docs_template_end);
}

std::string_view table_template() {
  return between(fieldgate_table_template_begin, fieldgate_table_template_end);
}

std::string_view docs_style() {
  return between(fieldgate_docs_style_begin, fieldgate_docs_style_end);
}

}  // namespace fieldgate::web
