#include "policy/review/markup.h"

namespace fieldgate::policy {

std::string markdown_text(std::string_view text) {
  constexpr std::string_view kMarks = "\\`*_{}[]()<>#+!|~&";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\n' || c == '\t') {
      out += ' ';
      continue;
    }
    if (kMarks.find(c) != std::string_view::npos) {
      out += '\\';
    }
    out += c;
  }
  return out;
}

}  // namespace fieldgate::policy
