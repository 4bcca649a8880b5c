#include "gateway/export/export.h"

#include "gateway/http/target.h"

namespace fieldgate::exporting {

std::string urn(std::string_view kind, std::string_view name) {
  return "urn:fieldgate:" + std::string(kind) + ':' + http::percent_encode(name);
}

}  // namespace fieldgate::exporting
