#include "policy/load/plain_yaml.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <vector>

namespace fieldgate::policy {

namespace {

/// Longer keys are left to the strict reader, which has its own limit for them.
constexpr std::size_t kMaxPlainKeyBytes = 200;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_key_char(char c) {
  return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.';
}

// Every other first character means something of its own to YAML, or might.
bool may_begin_plain(char c) {
  return is_letter_or_digit(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool reads_as_null(std::string_view text) {
  return text == "null" || text == "Null" || text == "NULL";
}

// Each function that reads something returns false to leave the whole text to the strict reader.
class PlainParser {
 public:
  explicit PlainParser(std::string_view text) : text_(text) {}

  bool parse(YamlNode& root) {
    std::size_t indent = 0;
    return next_content_line(indent) && indent == 0 && block_map(root, 0) && at_ == text_.size();
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n';
  }
  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') {
      ++at_;
    }
  }
  void begin_line(std::size_t start) {
    at_ = start;
    line_start_ = start;
    hidden_ = 0;
    ++line_;
  }
  void skip_line() {
    const std::size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) {
      at_ = text_.size();
    } else {
      begin_line(end + 1);
    }
  }

  // Goes to the first character of the next line that is neither empty nor a comment, when `at_`
  // begins a line; false at a tab.
  bool next_content_line(std::size_t& indent) {
    while (!at_end()) {
      skip_spaces();
      if (at_end()) {
        break;
      }
      const char c = text_[at_];
      if (c == '\t' || c == '\r') {
        return false;
      }
      if (c != '\n' && c != '#') {
        indent = at_ - line_start_;
        return true;
      }
      skip_line();
    }
    indent = 0;
    return true;
  }

  // Nothing but a comment may follow in this line.
  bool end_line() {
    const std::size_t before = at_;
    skip_spaces();
    if (!at_end() && text_[at_] != '\n' && (text_[at_] != '#' || at_ == before)) {
      return false;
    }
    skip_line();
    return true;
  }

  bool open(YamlNode& node, YamlNode::Kind kind) {
    if (++nodes_ > kMaxYamlNodes) {
      return false;
    }
    node.kind = kind;
    node.line = line_;
    node.column = static_cast<int>(at_ - line_start_ - hidden_) + 1;
    return true;
  }

  bool quoted(YamlNode& node) {
    const char quote = text_[at_];
    if (!open(node, YamlNode::Kind::kScalar)) {
      return false;
    }
    const std::size_t start = ++at_;
    for (; !at_end() && text_[at_] != quote; ++at_) {
      const char c = text_[at_];
      if (c == '\\' || c == '\n' || c == '\t' || c == '\r') {
        return false;
      }
      hidden_ += (static_cast<unsigned char>(c) & 0xc0U) == 0x80 ? 1U : 0U;
    }
    if (at_end()) {
      return false;
    }
    node.scalar = text_.substr(start, at_ - start);
    node.quoted = true;
    ++at_;
    return peek() != quote;  // a doubled quote is an escape
  }

  bool key(YamlNode& node) {
    if (peek() == '"' || peek() == '\'') {
      if (!quoted(node)) {
        return false;
      }
    } else {
      if (!may_begin_plain(peek()) || !open(node, YamlNode::Kind::kScalar)) {
        return false;
      }
      const std::size_t start = at_;
      while (!at_end() && is_key_char(text_[at_])) {
        ++at_;
      }
      node.scalar = text_.substr(start, at_ - start);
      if (node.scalar.empty() || reads_as_null(node.scalar)) {
        return false;
      }
    }
    if (node.scalar.size() > kMaxPlainKeyBytes || peek() != ':') {
      return false;
    }
    ++at_;
    return peek() == ' ' || peek() == '\n';
  }

  bool plain(YamlNode& node, bool in_flow) {
    if (!may_begin_plain(peek()) || !open(node, YamlNode::Kind::kScalar)) {
      return false;
    }
    const std::size_t start = at_;
    std::size_t end = at_;  // after the last character that is no space
    for (; !at_end(); ++at_) {
      const char c = text_[at_];
      if (is_letter_or_digit(c)) {
        end = at_ + 1;
        continue;
      }
      if (c == '\n') {
        break;
      }
      if (c == ' ') {
        if (peek(1) == '#') {
          break;
        }
        continue;
      }
      if (in_flow && (c == ',' || c == ']' || c == '}')) {
        break;
      }
      if (c == '\t' || c == '\r' || (in_flow && (c == '[' || c == '{' || c == '?')) ||
          (c == ':' && !is_letter_or_digit(peek(1)) && peek(1) != '/')) {
        return false;
      }
      hidden_ += (static_cast<unsigned char>(c) & 0xc0U) == 0x80 ? 1U : 0U;
      end = at_ + 1;
    }
    node.scalar = text_.substr(start, end - start);
    return !reads_as_null(node.scalar);
  }

  // Space, comments and line ends between the parts of a flow collection.
  bool skip_in_flow() {
    while (!at_end()) {
      const std::size_t before = at_;
      skip_spaces();
      if (at_end()) {
        return false;
      }
      const char c = text_[at_];
      if (c == '#') {
        if (at_ == before && at_ != line_start_) {
          return false;
        }
      } else if (c != '\n') {
        // What a bracket holds is further in than the line on which it opens.
        return c != '\t' && c != '\r' &&
               (line_ == flow_line_ || at_ - line_start_ > flow_indent_ || at_ != first_in_line());
      }
      skip_line();
    }
    return false;
  }
  [[nodiscard]] std::size_t first_in_line() const {
    return std::min(text_.find_first_not_of(' ', line_start_), text_.size());
  }

  bool flow_value(YamlNode& node) {
    switch (peek()) {
      case '{':
        return flow_map(node);
      case '[':
        return flow_list(node);
      case '"':
      case '\'':
        return quoted(node);
      default:
        return plain(node, true);
    }
  }

  // After a part: true with `more` at a comma that something follows, or at the end.
  bool flow_next(char closing, bool& more) {
    if (!skip_in_flow()) {
      return false;
    }
    more = text_[at_] == ',';
    if (!more && text_[at_] != closing) {
      return false;
    }
    ++at_;
    return !more || skip_in_flow();
  }

  bool flow_map(YamlNode& node) {
    if (!open(node, YamlNode::Kind::kMap) || ++depth_ >= kMaxYamlDepth) {
      return false;
    }
    ++at_;
    if (!skip_in_flow()) {
      return false;
    }
    bool more = text_[at_] != '}';
    if (!more) {
      ++at_;
    } else {
      node.entries.reserve(expected_[depth_]);
    }
    while (more) {
      auto& [name, value] = node.entries.emplace_back();
      if (!key(name) || !skip_in_flow() || !flow_value(value) || !flow_next('}', more)) {
        return false;
      }
    }
    expected_[depth_--] = node.entries.size();
    return has_unique_keys(node);
  }

  bool flow_list(YamlNode& node) {
    if (!open(node, YamlNode::Kind::kSequence) || ++depth_ >= kMaxYamlDepth) {
      return false;
    }
    ++at_;
    if (!skip_in_flow()) {
      return false;
    }
    bool more = text_[at_] != ']';
    if (!more) {
      ++at_;
    }
    while (more) {
      if (!flow_value(node.items.emplace_back()) || !flow_next(']', more)) {
        return false;
      }
    }
    --depth_;
    return true;
  }

  // A value in a line of its own or after a key or dash; `indent` is that of the block around it.
  bool value_in_line(YamlNode& node, std::size_t indent) {
    switch (peek()) {
      case '{':
      case '[':
        flow_line_ = line_;
        flow_indent_ = std::max(indent, first_in_line() - line_start_);
        return flow_value(node) && end_line();
      case '"':
      case '\'':
        return quoted(node) && end_line();
      default:
        return plain(node, false) && end_line();
    }
  }

  // What follows `key:`.
  bool block_value(YamlNode& node, std::size_t indent) {
    const std::size_t before = at_;
    skip_spaces();
    if (!at_end() && text_[at_] != '\n' && (text_[at_] != '#' || at_ == before)) {
      return value_in_line(node, indent);
    }
    skip_line();
    std::size_t next = 0;
    if (!next_content_line(next) || at_end()) {
      return false;
    }
    const bool dash = text_[at_] == '-' && peek(1) == ' ';
    if (dash && next >= indent) {
      return block_list(node, next);
    }
    return !dash && next > indent && block_map(node, next);
  }

  // True while another part of the block at `indent` follows; `ok` turns false where it does not
  // end cleanly either.
  bool goes_on(std::size_t indent, bool& ok) {
    std::size_t next = 0;
    ok = next_content_line(next);
    if (!ok || at_end() || next < indent) {
      return false;
    }
    ok = next == indent;
    return ok;
  }

  bool block_map(YamlNode& node, std::size_t indent) {
    if (!open(node, YamlNode::Kind::kMap) || ++depth_ >= kMaxYamlDepth) {
      return false;
    }
    bool ok = true;
    node.entries.reserve(expected_[depth_]);
    do {
      auto& [name, value] = node.entries.emplace_back();
      if (!key(name) || !block_value(value, indent)) {
        return false;
      }
    } while (goes_on(indent, ok));
    expected_[depth_--] = node.entries.size();
    return ok && has_unique_keys(node);
  }

  [[nodiscard]] bool begins_map() const {
    std::size_t at = at_;
    while (at < text_.size() && is_key_char(text_[at])) {
      ++at;
    }
    return at > at_ && at + 1 < text_.size() && text_[at] == ':' &&
           (text_[at + 1] == ' ' || text_[at + 1] == '\n');
  }

  bool block_list(YamlNode& node, std::size_t indent) {
    if (!open(node, YamlNode::Kind::kSequence) || ++depth_ >= kMaxYamlDepth) {
      return false;
    }
    bool ok = true;
    do {
      if (text_[at_] != '-' || peek(1) != ' ') {
        break;  // the next key of the map around this list
      }
      ++at_;
      skip_spaces();
      YamlNode& item = node.items.emplace_back();
      const bool read =
          begins_map() ? block_map(item, at_ - line_start_ - hidden_) : value_in_line(item, indent);
      if (!read) {
        return false;
      }
    } while (goes_on(indent, ok));
    --depth_;
    return ok;
  }

  bool has_unique_keys(const YamlNode& node) {
    constexpr std::size_t kFew = 8;
    const auto& entries = node.entries;
    if (entries.size() <= kFew) {
      for (std::size_t i = 1; i < entries.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (entries[i].first.scalar == entries[j].first.scalar) {
            return false;
          }
        }
      }
      return true;
    }
    std::size_t slots = kFew;
    while (slots < entries.size() * 2) {
      slots *= 2;
    }
    slots_.assign(slots, 0);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string& name = entries[i].first.scalar;
      std::size_t slot = std::hash<std::string_view>{}(name) & (slots - 1);
      for (; slots_[slot] != 0; slot = (slot + 1) & (slots - 1)) {
        if (entries[slots_[slot] - 1].first.scalar == name) {
          return false;
        }
      }
      slots_[slot] = static_cast<std::uint32_t>(i + 1);
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::size_t hidden_ = 0;  // bytes of this line so far that begin no character
  int line_ = 1;
  std::size_t nodes_ = 0;
  std::size_t depth_ = 0;
  int flow_line_ = 0;                                      // where the outermost bracket opens
  std::size_t flow_indent_ = 0;                            // and how far in that line is
  std::array<std::size_t, kMaxYamlDepth + 1> expected_{};  // entries of the last map so deep
  std::vector<std::uint32_t> slots_;
};

}  // namespace

std::optional<YamlNode> parse_plain_yaml(std::string_view text) {
  std::optional<YamlNode> root(std::in_place);
  if (!PlainParser(text).parse(*root)) {
    root.reset();
  }
  return root;
}

}  // namespace fieldgate::policy
