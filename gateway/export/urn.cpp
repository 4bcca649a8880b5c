#include "gateway/export/export.h"

namespace fieldgate::exporting {

std::string urn(std::string_view kind, std::string_view name) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out = "urn:fieldgate:" + std::string(kind) + ':';
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4U], kHex[byte & 0x0fU]};
    }
  }
  return out;
}

}  // namespace fieldgate::exporting
