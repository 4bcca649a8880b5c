// The only file that includes the YAML library: its event stream, made strict.
#include "policy/load/plain_yaml.h"
#include "policy/load/yaml_text.h"

#include <fieldgate/policy/yaml.h>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <exception>
#include <sstream>
#include <unordered_set>

namespace fieldgate::policy {

YamlNode::YamlNode() = default;
YamlNode::YamlNode(const YamlNode& other) = default;
YamlNode::YamlNode(YamlNode&& other) noexcept = default;
YamlNode& YamlNode::operator=(const YamlNode& other) = default;
YamlNode& YamlNode::operator=(YamlNode&& other) noexcept = default;
YamlNode::~YamlNode() = default;

namespace {

// Ends the parse from inside a callback; the finding is already recorded.
struct StopParsing {};

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const std::string& file, YamlDocument& document)
      : text_(text), lines_(text), file_(file), document_(document) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      fail(offset(mark), "several-documents", "a second document starts here",
           "keep one document in a file");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_property(mark, anchor);
    YamlNode node = make(YamlNode::Kind::kNull, mark);
    // The library has made nothing of the text; an absent value has the mark of what follows it.
    const std::size_t at = offset(mark);
    if (at < text_.size() && text_[at] == '~') {
      node.kind = YamlNode::Kind::kScalar;
      node.scalar = "~";
    } else if (!frames_.empty() && frames_.back().key && !starts_with_null(at)) {
      check_colon(frames_.back());
      node.line = frames_.back().key->line;
      node.column = frames_.back().key->column;
    }
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(offset(mark), "alias", "an alias stands here", "write the value out");
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    fail(offset(mark), "anchor", "an anchor stands here", "remove it and write the values out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_property(mark, anchor);
    if (tag != "?" && tag != "!") {
      refuse_tag(mark);
    }
    YamlNode node = make(YamlNode::Kind::kScalar, mark);
    node.scalar = value;
    node.quoted = tag == "!";
    last_offset_ = offset(mark);
    if (node.quoted) {
      check_quotes(last_offset_);
      check_escaped(mark, value);
    }
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::kSequence, mark, tag, anchor);
    check_flow(mark, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::kMap, mark, tag, anchor);
    check_flow(mark, style);
  }
  void OnMapEnd() override { close(); }

  [[noreturn]] void fail(std::size_t at, std::string code, std::string message,
                         std::string suggestion) {
    report(at, std::move(code), std::move(message), std::move(suggestion));
    throw StopParsing{};
  }
  void report(std::size_t at, std::string code, std::string message, std::string suggestion) {
    const LineIndex::Position where = lines_.at(at);
    document_.findings.push_back({{file_, where.line, where.column},
                                  Severity::kError,
                                  std::move(code),
                                  std::move(message),
                                  std::move(suggestion),
                                  {}});
  }
  void report_syntax(const YAML::Mark& mark, const std::string& message) {
    if (message != "illegal map value") {
      report(offset(mark), "syntax", message, {});
    } else if (const auto before = find_missing_colon(text_, offset(mark))) {
      report(*before, "syntax", "a colon is missing in this line", "add it");
    } else {
      report(offset(mark), "syntax", "a colon cannot stand here",
             "put a text that holds a colon in quotes");
    }
  }
  [[nodiscard]] std::size_t offset(const YAML::Mark& mark) const {
    return mark.pos < 0 ? text_.size() : static_cast<std::size_t>(mark.pos);
  }

 private:
  struct Frame {
    YamlNode node;
    std::optional<YamlNode> key;  // the key whose value comes next
    std::size_t key_offset = 0;
    std::unordered_set<std::string> keys;
  };

  [[nodiscard]] bool starts_with_null(std::size_t at) const {
    constexpr std::array<std::string_view, 3> kWords{"null", "Null", "NULL"};
    return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
      return text_.substr(std::min(at, text_.size())).starts_with(word);
    });
  }

  YamlNode make(YamlNode::Kind kind, const YAML::Mark& mark) {
    if (++nodes_ > kMaxYamlNodes) {
      fail(offset(mark), "too-large", "the file has more values than the limit", "split the file");
    }
    const LineIndex::Position where = lines_.at(offset(mark));
    YamlNode node;
    node.kind = kind;
    node.line = where.line;
    node.column = where.column;
    return node;
  }

  [[noreturn]] void refuse_tag(const YAML::Mark& mark) {
    fail(offset(mark), "tag", "a tag stands here", "remove the word that starts with `!`");
  }
  void refuse_property(const YAML::Mark& mark, YAML::anchor_t anchor) {
    const std::size_t at = offset(mark);
    if (at < text_.size() && text_[at] == '!') {
      refuse_tag(mark);
    }
    if (anchor != YAML::NullAnchor) {
      fail(at, "anchor", "an anchor stands here", "remove it and write the values out");
    }
  }

  void fail(const TextFault& fault) {
    fail(fault.offset, fault.code, fault.message, fault.suggestion);
  }
  void check_colon(const Frame& frame) {
    if (!frame.key->quoted && !has_colon(text_, frame.key_offset, frame.key->scalar)) {
      fail(frame.key_offset, "syntax", "a colon is missing after `" + frame.key->scalar + "`",
           "write `" + frame.key->scalar + ":` and its value");
    }
  }
  // The outermost bracket speaks for what it holds.
  void check_flow(const YAML::Mark& mark, YAML::EmitterStyle::value style) {
    if (style != YAML::EmitterStyle::Flow || flow_depth_ != 0) {
      return;
    }
    flow_depth_ = frames_.size();
    if (const auto fault = find_flow_fault(text_, offset(mark))) {
      fail(*fault);
    }
  }
  void check_quotes(std::size_t at) {
    if (at < text_.size() && (text_[at] == '"' || text_[at] == '\'')) {
      if (const auto fault = find_quoted_fault(text_, at)) {
        fail(*fault);
      }
    }
  }

  void check_escaped(const YAML::Mark& mark, const std::string& value) {
    std::string plain = value;  // line breaks and tabs may stand in a text
    std::replace_if(plain.begin(), plain.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    if (auto fault = find_text_fault(plain, false)) {
      fail(offset(mark), fault->code, fault->message + " by way of an escape", "remove it");
    }
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    refuse_property(mark, anchor);
    if (tag != "?" && !tag.empty()) {
      refuse_tag(mark);
    }
    if (!frames_.empty() && frames_.back().node.kind == YamlNode::Kind::kMap &&
        !frames_.back().key) {
      fail(offset(mark), "key-not-text", "a key must be a single word or text",
           "put it in quotes if it is text");
    }
    if (frames_.size() >= kMaxYamlDepth) {
      fail(offset(mark), "too-deep", "the values are nested deeper than the limit",
           "flatten the file");
    }
    frames_.push_back({make(kind, mark), std::nullopt, 0, {}});
  }

  void close() {
    YamlNode node = std::move(frames_.back().node);
    if (frames_.size() == flow_depth_) {
      flow_depth_ = 0;
    }
    frames_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (frames_.empty()) {
      document_.node = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == YamlNode::Kind::kSequence) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    if (frame.key) {
      frame.node.entries.emplace_back(std::move(*frame.key), std::move(node));
      frame.key.reset();
      return;
    }
    if (node.kind != YamlNode::Kind::kScalar) {
      document_.findings.push_back({{file_, node.line, node.column},
                                    Severity::kError,
                                    "key-not-text",
                                    "a key must be a single word or text",
                                    "put it in quotes if it is text",
                                    {}});
      throw StopParsing{};
    }
    if (!frame.keys.insert(node.scalar).second) {
      const YamlNode* first = nullptr;
      for (const auto& [key, value] : frame.node.entries) {
        if (key.scalar == node.scalar) {
          first = &key;
        }
      }
      // The parse goes on: the other findings are as real as this one.
      document_.findings.push_back({{file_, node.line, node.column},
                                    Severity::kError,
                                    "duplicate-key",
                                    "the key `" + node.scalar + "` stands here a second time",
                                    first == nullptr
                                        ? std::string{}
                                        : "it stands first in line " + std::to_string(first->line),
                                    {}});
    }
    frame.key = std::move(node);
    frame.key_offset = last_offset_;
  }

  std::string_view text_;
  LineIndex lines_;
  const std::string& file_;
  YamlDocument& document_;
  std::vector<Frame> frames_;
  std::size_t nodes_ = 0;
  std::size_t last_offset_ = 0;
  std::size_t flow_depth_ = 0;  // frames open at the outermost bracket, 0 outside
  int documents_ = 0;
};

bool is_one_of(std::string_view text, const auto& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_number_like(std::string_view text) {
  std::size_t at = text[0] == '+' || text[0] == '-' ? 1 : 0;
  if (at == text.size()) {
    return false;
  }
  const std::string_view digits = text.substr(at);
  if (digits.starts_with("0x") || digits.starts_with("0o") || digits.starts_with("0b")) {
    return digits.find_first_not_of("0123456789abcdefABCDEF_", 2) == std::string_view::npos;
  }
  if (digits[0] != '.' && (digits[0] < '0' || digits[0] > '9')) {
    return false;
  }
  bool plain = true;
  bool has_digit = false;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const char c = digits[i];
    if (c >= '0' && c <= '9') {
      has_digit = true;
      continue;
    }
    const bool exponent = (c == 'e' || c == 'E') && i > 0 && i + 1 < digits.size();
    const bool sign = (c == '+' || c == '-') && i > 0 && (digits[i - 1] | 0x20) == 'e';
    if (c != '.' && c != '_' && c != ':' && !exponent && !sign) {
      return false;
    }
    plain = false;
  }
  // A plain decimal number reads the same everywhere; a leading zero makes it octal in YAML 1.1.
  return has_digit && (!plain || text[0] == '+' || (digits.size() > 1 && digits[0] == '0'));
}

}  // namespace

namespace {

// `plain` is tried first when it is given.
YamlDocument read_document(std::string_view text, const std::string& file,
                           std::optional<YamlNode> (*plain)(std::string_view)) {
  YamlDocument document;
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  TreeBuilder builder(text, file, document);
  if (text.size() > kMaxYamlBytes) {
    builder.report(0, "too-large", "the file is larger than the limit", "split the file");
    return document;
  }
  for (const auto& fault : {find_text_fault(text, true), find_layout_fault(text)}) {
    if (fault) {
      builder.report(fault->offset, fault->code, fault->message, fault->suggestion);
      return document;
    }
  }
  try {
    if (plain != nullptr) {
      if (auto root = plain(text)) {
        document.node = std::move(*root);
        return document;
      }
    }
    std::istringstream input{std::string(text)};
    YAML::Parser parser(input);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const StopParsing&) {
    // The finding is in the document.
  } catch (const YAML::Exception& error) {
    builder.report_syntax(error.mark, error.msg);
  } catch (const std::exception&) {
    builder.report(0, "syntax", "the file cannot be parsed", {});
  }
  return document;
}

}  // namespace

YamlDocument parse_yaml(std::string_view text, const std::string& file) {
  return read_document(text, file, parse_plain_yaml);
}

YamlDocument parse_strict_yaml(std::string_view text, const std::string& file) {
  return read_document(text, file, nullptr);
}

bool is_ambiguous_plain(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar || node.quoted || node.scalar.empty()) {
    return false;
  }
  constexpr std::array<std::string_view, 10> kWords{"y",   "n",    "yes",   "no",   "on",
                                                    "off", "true", "false", "null", "~"};
  constexpr std::size_t kLongestWord = 5;
  constexpr std::string_view kFirstLetters = "yYnNoOtTfF~.-";
  if (node.scalar.size() <= kLongestWord &&
      kFirstLetters.find(node.scalar[0]) != std::string_view::npos) {
    std::string lower = node.scalar;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    });
    if (is_one_of(lower, kWords) || lower == ".inf" || lower == "-.inf" || lower == ".nan") {
      return true;
    }
  }
  return is_number_like(node.scalar);
}

}  // namespace fieldgate::policy
