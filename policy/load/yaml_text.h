// The bytes of a YAML file before any parser sees them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::policy {

/// The longest line: the parser looks ahead to the end of a line before it reports anything.
inline constexpr std::size_t kMaxYamlLineBytes = 1024 * 1024;

struct TextFault {
  std::size_t offset = 0;  ///< in bytes
  std::string code;
  std::string message;
  std::string suggestion;
};

/// The first character that may not stand in a file: invalid UTF-8, control characters,
/// bidirectional and zero-width characters, line separators that editors do not show.
/// `breaks_allowed`: tab, line feed, and carriage return before a line feed may stand.
[[nodiscard]] std::optional<TextFault> find_text_fault(std::string_view text, bool breaks_allowed);

/// Constructs that the parser lets pass though YAML 1.2 forbids them, or that this reader does not
/// take: directives, content after a document end, tabs that indent.
[[nodiscard]] std::optional<TextFault> find_layout_fault(std::string_view text);

/// What is wrong with the quoted text that begins at `start`, its quote: no end, or an escape that
/// YAML does not have.
[[nodiscard]] std::optional<TextFault> find_quoted_fault(std::string_view text, std::size_t start);

/// What is wrong between the bracket or brace at `start` and its partner: a comment that touches
/// what is before it, a lone dash.
[[nodiscard]] std::optional<TextFault> find_flow_fault(std::string_view text, std::size_t start);

/// True when the plain key at `start` has its colon; a line without one ends up as a key as well.
[[nodiscard]] bool has_colon(std::string_view text, std::size_t start, std::string_view key);

/// Where the line before the one at `at` begins, if it looks like a key whose colon was forgotten.
[[nodiscard]] std::optional<std::size_t> find_missing_colon(std::string_view text, std::size_t at);

/// From byte offsets to lines and columns, both 1-based; columns count code points.
class LineIndex {
 public:
  explicit LineIndex(std::string_view text);
  struct Position {
    int line;
    int column;
  };
  [[nodiscard]] Position at(std::size_t offset);

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
  // The last answer: offsets mostly rise, and lines may be long.
  std::size_t last_offset_ = 0;
  Position last_{1, 1};
};

}  // namespace fieldgate::policy
