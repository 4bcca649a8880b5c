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

/// From byte offsets to lines and columns, both 1-based; columns count code points.
class LineIndex {
 public:
  explicit LineIndex(std::string_view text);
  struct Position {
    int line;
    int column;
  };
  [[nodiscard]] Position at(std::size_t offset) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

}  // namespace fieldgate::policy
