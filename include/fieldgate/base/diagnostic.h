// A finding about a file that a person wrote: what is wrong, where, what to do.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate {

/// 1-based line and column in a named file; column counts Unicode code points.
struct SourcePosition {
  std::string file;
  int line = 0;
  int column = 0;
};

enum class Severity { kError, kWarning };

struct Diagnostic {
  SourcePosition where;
  Severity severity = Severity::kError;
  std::string code;        ///< stable kebab-case word, e.g. "unknown-key"
  std::string message;     ///< one plain sentence, lower case, no final period
  std::string suggestion;  ///< what to do, may be empty
  std::string because;     ///< the article or RFC, may be empty
};

[[nodiscard]] inline bool has_errors(const std::vector<Diagnostic>& findings) {
  for (const Diagnostic& finding : findings) {
    if (finding.severity == Severity::kError) {
      return true;
    }
  }
  return false;
}

/// "file:line:col: error: message [code]; suggestion", one line, for terminals.
[[nodiscard]] std::string format_diagnostic(const Diagnostic& finding);

/// Octets of somebody's text that a message repeats.
inline constexpr std::size_t kMaxExcerptBytes = 64;

/// Text that somebody gave, fit for a message: control characters and invalid UTF-8 as `\x1b`, cut
/// behind `kMaxExcerptBytes` with "…" in place of the rest.
[[nodiscard]] std::string excerpt(std::string_view text);

/// The word of `known` nearest to `word` (at most a third of its length in edits; two neighbours
/// that changed places are one), or empty.
[[nodiscard]] std::string nearest_word(std::string_view word,
                                       const std::vector<std::string>& known);

}  // namespace fieldgate
