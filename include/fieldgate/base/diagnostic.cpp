#include <fieldgate/base/diagnostic.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace fieldgate {

namespace {

// Insertions, deletions, replacements and swaps of two neighbours that make one of the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before;
  std::vector<std::size_t> above(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = std::exchange(above, row);
  }
  return above[b.size()];
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// The octets of the UTF-8 character that `text` begins with; 0 when it begins with none.
std::size_t utf8_size(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0x80                    ? 1
                           : lead >= 0xC2 && lead < 0xE0  ? 2
                           : lead >= 0xE0 && lead < 0xF0  ? 3
                           : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                          : 0;
  const auto follows = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  return size <= text.size() &&
                 std::all_of(text.begin() + (size == 0 ? 0 : 1),
                             text.begin() + static_cast<std::ptrdiff_t>(size), follows)
             ? size
             : 0;
}

}  // namespace

std::string format_diagnostic(const Diagnostic& finding) {
  std::string line = finding.where.file;
  if (finding.where.line > 0) {
    line += ':' + std::to_string(finding.where.line) + ':' + std::to_string(finding.where.column);
  }
  line += finding.severity == Severity::kError ? ": error: " : ": warning: ";
  line += finding.message;
  if (!finding.code.empty()) {
    line += " [" + finding.code + "]";
  }
  if (!finding.suggestion.empty()) {
    line += "; " + finding.suggestion;
  }
  if (!finding.because.empty()) {
    line += " (" + finding.because + ")";
  }
  return line;
}

std::string excerpt(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  std::size_t taken = 0;
  while (taken < text.size()) {
    const std::string_view rest = text.substr(taken);
    const std::size_t size = utf8_size(rest);
    // U+0080 to U+009F are control characters as well.
    const bool plain =
        size > 0 && !is_control(rest.front()) &&
        !(size == 2 && rest[0] == '\xC2' && static_cast<unsigned char>(rest[1]) < 0xA0);
    const std::size_t used = size == 0 ? 1 : size;
    if (taken + used > kMaxExcerptBytes) {
      return out + "…";
    }
    if (plain) {
      out += rest.substr(0, used);
    } else {
      for (const char c : rest.substr(0, used)) {
        out += "\\x";
        out += kHex[static_cast<unsigned char>(c) >> 4];
        out += kHex[static_cast<unsigned char>(c) & 0xF];
      }
    }
    taken += used;
  }
  return out;
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    if (longer - std::min(word.size(), candidate.size()) >= best_distance) {
      continue;  // so many edits at least, and a word may be as long as a body
    }
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace fieldgate
