#include <fieldgate/base/diagnostic.h>

#include <algorithm>
#include <numeric>

namespace fieldgate {

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
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

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace fieldgate
