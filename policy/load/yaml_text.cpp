#include "policy/load/yaml_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace fieldgate::policy {

namespace {

constexpr char32_t kInvalid = 0xffffffff;

struct Decoded {
  char32_t point;
  std::size_t bytes;
};

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// One code point of strict UTF-8 (RFC 3629): no overlong form, no surrogate.
Decoded decode(std::string_view text, std::size_t at) {
  const unsigned char lead = byte_at(text, at);
  if (lead < 0x80) {
    return {lead, 1};
  }
  std::size_t more = 0;
  char32_t point = 0;
  char32_t lowest = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    more = 1;
    point = lead & 0x1fU;
    lowest = 0x80;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    more = 2;
    point = lead & 0x0fU;
    lowest = 0x800;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    more = 3;
    point = lead & 0x07U;
    lowest = 0x10000;
  } else {
    return {kInvalid, 1};
  }
  if (at + more >= text.size()) {
    return {kInvalid, 1};
  }
  for (std::size_t i = 1; i <= more; ++i) {
    const unsigned char next = byte_at(text, at + i);
    if ((next & 0xc0U) != 0x80) {
      return {kInvalid, 1};
    }
    point = (point << 6) | (next & 0x3fU);
  }
  if (point < lowest || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
    return {kInvalid, 1};
  }
  return {point, more + 1};
}

bool in_any(char32_t point, const auto& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [point](const auto& range) {
    return point >= range.first && point <= range.second;
  });
}

// Unicode Bidirectional Algorithm (UAX 9), explicit formatting characters and marks.
constexpr std::array<std::pair<char32_t, char32_t>, 4> kBidirectional{
    {{0x061c, 0x061c}, {0x200e, 0x200f}, {0x202a, 0x202e}, {0x2066, 0x2069}}};
constexpr std::array<std::pair<char32_t, char32_t>, 5> kInvisible{
    {{0x00ad, 0x00ad}, {0x200b, 0x200b}, {0x2028, 0x2029}, {0x2060, 0x2064}, {0xfeff, 0xfeff}}};

std::optional<TextFault> judge(char32_t point, std::size_t at) {
  if (point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0xfffe || point == 0xffff) {
    return TextFault{at, "control-character", "a control character stands here", "remove it"};
  }
  if (in_any(point, kBidirectional)) {
    return TextFault{at, "bidirectional-character",
                     "a character that changes the direction of writing stands here", "remove it"};
  }
  if (in_any(point, kInvisible)) {
    return TextFault{at, "invisible-character", "an invisible character stands here", "remove it"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<TextFault> find_text_fault(std::string_view text, bool breaks_allowed) {
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < text.size();) {
    // Most of a policy is printable ASCII, which needs no judging.
    while (at < text.size() && byte_at(text, at) >= 0x20 && byte_at(text, at) < 0x7f) {
      ++at;
    }
    if (breaks_allowed && at - line_start > kMaxYamlLineBytes) {
      return TextFault{line_start + kMaxYamlLineBytes, "line-too-long",
                       "the line is longer than the limit", "break the line"};
    }
    if (at == text.size()) {
      break;
    }
    const Decoded next = decode(text, at);
    if (next.point == kInvalid) {
      return TextFault{at, "invalid-utf8", "this is not valid UTF-8", "save the file as UTF-8"};
    }
    if (next.point == U'\n') {
      line_start = at + 1;
    }
    const bool is_break = next.point == U'\t' || next.point == U'\n' ||
                          (next.point == U'\r' && at + 1 < text.size() && text[at + 1] == '\n');
    if (!breaks_allowed || !is_break) {
      if (auto fault = judge(next.point, at)) {
        return fault;
      }
    }
    at += next.bytes;
  }
  return std::nullopt;
}

std::optional<TextFault> find_layout_fault(std::string_view text) {
  bool before_content = true;
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end = text.find('\n', start);
    end = end == std::string_view::npos ? text.size() : end;
    std::string_view line = text.substr(start, end - start);
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    const std::size_t first = line.find_first_not_of(" \t");
    const bool blank = first == std::string_view::npos || line[first] == '#';
    if (before_content && !blank) {
      if (line[0] == '%') {
        return TextFault{start, "directive", "a directive stands here", "remove the line"};
      }
      before_content = false;
    }
    if (line.starts_with("...") && line.size() > 3) {
      const std::size_t rest = line.find_first_not_of(" \t", 3);
      if ((line[3] == ' ' || line[3] == '\t') && rest != std::string_view::npos &&
          line[rest] != '#') {
        return TextFault{start + rest, "syntax", "content after the end of the document",
                         "remove it"};
      }
    }
    start = end + 1;
  }
  return std::nullopt;
}

namespace {

// The offset after the closing quote of the text that begins at `start`; npos without one.
std::size_t end_of_quoted(std::string_view text, std::size_t start) {
  const char quote = text[start];
  for (std::size_t at = start + 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      if (quote == '\'' && at + 1 < text.size() && text[at + 1] == quote) {
        ++at;
        continue;
      }
      return at + 1;
    }
  }
  return std::string_view::npos;
}

std::size_t column_of(std::string_view text, std::size_t at) {
  const std::size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return before == std::string_view::npos ? at : at - before - 1;
}

// The width of the space that the line at `at` begins with.
std::size_t indent_of(std::string_view text, std::size_t at) {
  const std::size_t start = at - column_of(text, at);
  const std::size_t first = text.find_first_not_of(" \t", start);
  return (first == std::string_view::npos ? text.size() : first) - start;
}

bool is_blank_line(std::string_view text, std::size_t start) {
  const std::size_t first = text.find_first_not_of(" \t\r", start);
  return first == std::string_view::npos || text[first] == '\n' || text[first] == '#';
}

}  // namespace

std::optional<std::size_t> find_missing_colon(std::string_view text, std::size_t at) {
  const std::size_t line = at - column_of(text, at);
  if (line == 0) {
    return std::nullopt;
  }
  const std::size_t before = line - 1 - column_of(text, line - 1);
  const std::string_view content = text.substr(before, line - 1 - before);
  const std::size_t indent = indent_of(text, before);
  if (is_blank_line(text, before) || indent != indent_of(text, line) ||
      content.find(':') != std::string_view::npos || content.substr(indent).starts_with("- ")) {
    return std::nullopt;
  }
  return before + indent;
}

std::optional<TextFault> find_quoted_fault(std::string_view text, std::size_t start) {
  const std::size_t end = end_of_quoted(text, start);
  if (end == std::string_view::npos) {
    return TextFault{start, "syntax", "the text in quotes has no end", "add the closing quote"};
  }
  if (text[start] != '"') {
    return std::nullopt;
  }
  constexpr std::string_view kEscapes = "0abtnvfre \"/\\N_LPxuU\t\n\r";
  for (std::size_t at = start + 1; at + 1 < end; ++at) {
    if (text[at] != '\\') {
      continue;
    }
    ++at;
    if (kEscapes.find(text[at]) == std::string_view::npos) {
      return TextFault{at - 1, "syntax", "there is no such escape", "write the backslash twice"};
    }
  }
  return std::nullopt;
}

std::optional<TextFault> find_flow_fault(std::string_view text, std::size_t start) {
  constexpr std::string_view kSpaces = " \t\n\r";
  constexpr std::string_view kBrackets = "[]{},";
  const std::size_t indent = indent_of(text, start);
  const bool begins_line = indent == column_of(text, start);
  const TextFault unclosed{start, "syntax",
                           "the bracket that opens here has no partner, or what it holds is not "
                           "indented",
                           "add the closing bracket"};
  int depth = 0;
  bool in_plain = false;
  for (std::size_t at = start; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n' && !begins_line && !is_blank_line(text, at + 1)) {
      const std::size_t first = text.find_first_not_of(" \t", at + 1);
      const bool closes = text[first] == ']' || text[first] == '}';
      if (!closes && first - at - 1 <= indent) {
        return unclosed;
      }
    }
    const bool after_space = at == 0 || kSpaces.find(text[at - 1]) != std::string_view::npos;
    if (c == '#' && after_space) {
      const std::size_t line_end = text.find('\n', at);
      if (line_end == std::string_view::npos) {
        break;
      }
      at = line_end - 1;  // the line feed is judged next
      continue;
    }
    if (c == '#' && !in_plain) {
      return TextFault{at, "syntax", "a comment needs a space before it", "add a space"};
    }
    if (kBrackets.find(c) != std::string_view::npos) {
      in_plain = false;
      depth += c == '[' || c == '{' ? 1 : 0;
      depth -= c == ']' || c == '}' ? 1 : 0;
      if (depth == 0) {
        break;
      }
      continue;
    }
    if (kSpaces.find(c) != std::string_view::npos) {
      continue;
    }
    if (!in_plain && (c == '"' || c == '\'')) {
      const std::size_t end = end_of_quoted(text, at);
      if (end == std::string_view::npos) {
        break;  // reported where the text itself is read
      }
      at = end - 1;
      continue;
    }
    const char next = at + 1 < text.size() ? text[at + 1] : '\n';
    const bool ends_word = kSpaces.find(next) != std::string_view::npos ||
                           kBrackets.find(next) != std::string_view::npos;
    if (!in_plain && c == '-' && ends_word) {
      return TextFault{at, "syntax", "a lone dash stands here", "put it in quotes"};
    }
    in_plain = !(c == ':' && ends_word);
  }
  return std::nullopt;
}

bool has_colon(std::string_view text, std::size_t start, std::string_view key) {
  if (start > text.size() || !text.substr(start).starts_with(key)) {
    return true;  // a key over several lines is refused by the parser itself
  }
  const std::size_t next = text.find_first_not_of(" \t", start + key.size());
  return next != std::string_view::npos && text[next] == ':';
}

LineIndex::LineIndex(std::string_view text) : text_(text) {
  starts_.push_back(0);
  for (std::size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    starts_.push_back(at + 1);
  }
}

LineIndex::Position LineIndex::at(std::size_t offset) {
  offset = std::min(offset, text_.size());
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const auto line = static_cast<std::size_t>(after - starts_.begin());
  std::size_t from = starts_[line - 1];
  int column = 1;
  if (last_.line == static_cast<int>(line) && last_offset_ <= offset) {
    from = last_offset_;
    column = last_.column;
  }
  for (std::size_t at = from; at < offset; ++at) {
    if ((byte_at(text_, at) & 0xc0U) != 0x80) {
      ++column;
    }
  }
  last_offset_ = offset;
  last_ = {static_cast<int>(line), column};
  return last_;
}

}  // namespace fieldgate::policy
