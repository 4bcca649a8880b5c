#include "policy/load/node_reader.h"

#include <fieldgate/policy/model.h>

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <charconv>

namespace fieldgate::policy {

namespace {

std::string quoted(std::string_view word) {
  constexpr std::size_t kShownBytes = 60;
  std::string text = "`";
  text += word.substr(0, kShownBytes);
  text += '`';
  return text;
}

// The known word that differs by two neighbouring letters only, the commonest slip of the hand.
std::string swapped_word(std::string_view word, const std::vector<std::string>& known) {
  for (const std::string& candidate : known) {
    if (candidate.size() != word.size()) {
      continue;
    }
    std::size_t at = 0;
    while (at < word.size() && word[at] == candidate[at]) {
      ++at;
    }
    if (at + 1 < word.size() && word[at] == candidate[at + 1] && word[at + 1] == candidate[at] &&
        word.substr(at + 2) == std::string_view(candidate).substr(at + 2)) {
      return candidate;
    }
  }
  return {};
}

std::string likely_word(std::string_view word, const std::vector<std::string>& known) {
  std::string likely = swapped_word(word, known);
  return likely.empty() ? nearest_word(word, known) : likely;
}

std::string_view kind_name(const NodeRef& node) {
  switch (node.node->kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a text";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "something else";
}

std::string is_wanted(std::string_view what, std::string_view wanted, const NodeRef& node) {
  std::string message(what);
  message += " must be ";
  message += wanted;
  message += ", and is ";
  message += kind_name(node);
  return message;
}

}  // namespace

bool mentions(const NodeRef& map, std::string_view key, const std::vector<std::string>& known) {
  return map.is_map() &&
         std::any_of(map.node->entries.begin(), map.node->entries.end(), [&](const auto& entry) {
           const std::string& name = entry.first.scalar;
           return name == key || (std::find(known.begin(), known.end(), name) == known.end() &&
                                  likely_word(name, known) == key);
         });
}

std::string name_fault(std::string_view word) {
  if (word.empty()) {
    return "a name must not be empty";
  }
  if (word.size() > kMaxNameBytes) {
    return "a name must not be longer than " + std::to_string(kMaxNameBytes) + " bytes";
  }
  UScriptCode script = USCRIPT_INVALID_CODE;
  const auto length = static_cast<std::int32_t>(word.size());
  for (std::int32_t at = 0; at < length;) {
    UChar32 point = 0;
    U8_NEXT(word.data(), at, length, point);
    if (point < 0) {
      return "a name must be valid UTF-8";
    }
    const bool joins = point == '-' || point == '_';
    if (!joins && !u_isalnum(point) && u_charType(point) != U_NON_SPACING_MARK) {
      return "a name has letters, digits, `-` and `_` only";
    }
    UErrorCode status = U_ZERO_ERROR;
    const UScriptCode own = uscript_getScript(point, &status);
    if (U_FAILURE(status)) {
      return "a name has letters, digits, `-` and `_` only";
    }
    if (own == USCRIPT_COMMON || own == USCRIPT_INHERITED) {
      continue;
    }
    if (script != USCRIPT_INVALID_CODE && own != script) {
      return "a name must not mix letters of several scripts";
    }
    script = own;
  }
  return word.front() == '-' ? "a name must not begin with `-`" : std::string{};
}

void NodeReader::add(Severity severity, const Place& where, std::string code, std::string message,
                     std::string suggestion, std::string because) {
  if (severity == Severity::kError) {
    ++errors_;
  }
  findings_.push_back(
      {{where.file < files_.size() ? files_[where.file] : std::string{}, where.line, where.column},
       severity,
       std::move(code),
       std::move(message),
       std::move(suggestion),
       std::move(because)});
}

void NodeReader::error(const Place& where, std::string code, std::string message,
                       std::string suggestion, std::string because) {
  add(Severity::kError, where, std::move(code), std::move(message), std::move(suggestion),
      std::move(because));
}

void NodeReader::warning(const Place& where, std::string code, std::string message,
                         std::string suggestion, std::string because) {
  add(Severity::kWarning, where, std::move(code), std::move(message), std::move(suggestion),
      std::move(because));
}

void NodeReader::unknown(const Place& where, std::string code, std::string_view kind,
                         std::string_view word, const std::vector<std::string>& known) {
  const std::string nearest = likely_word(word, known);
  std::string suggestion;
  constexpr std::size_t kMostListed = 12;
  if (!nearest.empty()) {
    meant_.insert(nearest);
    suggestion = "did you mean `" + nearest + "`?";
  } else if (!known.empty() && known.size() <= kMostListed) {
    suggestion = "one of:";
    for (const std::string& one : known) {
      suggestion += ' ' + one;
    }
  }
  error(where, std::move(code), "unknown " + std::string(kind) + ' ' + quoted(word),
        std::move(suggestion));
}

std::optional<std::vector<EntryRef>> NodeReader::read_map(const NodeRef& node,
                                                          std::string_view what,
                                                          bool may_be_empty) {
  std::vector<EntryRef> entries;
  if (node.is_null() && may_be_empty) {
    return entries;
  }
  if (!node.is_map()) {
    error(node.place(), "wrong-type", is_wanted(what, "a map of names to values", node));
    return std::nullopt;
  }
  entries.reserve(node.node->entries.size());
  for (const auto& [key, value] : node.node->entries) {
    entries.push_back({node.with(key), node.with(value)});
  }
  return entries;
}

bool NodeReader::check_keys(const NodeRef& node, std::string_view what,
                            const std::vector<std::string>& known) {
  const auto entries = read_map(node, what);
  if (!entries) {
    return false;
  }
  for (const EntryRef& entry : *entries) {
    if (std::find(known.begin(), known.end(), entry.name()) == known.end()) {
      unknown(entry.key.place(), "unknown-key", "key", entry.name(), known);
    }
  }
  return true;
}

NodeRef NodeReader::require(const NodeRef& map, const Place& where, std::string_view key,
                            std::string_view what, std::string because) {
  NodeRef found = map.find(key);
  if (!found && !mentions(map, key, {std::string(key)})) {
    error(where, "missing-key", std::string(what) + " has no `" + std::string(key) + "`",
          "add `" + std::string(key) + "`", std::move(because));
  }
  return found;
}

std::optional<std::string> NodeReader::read_text(const NodeRef& node, std::string_view what) {
  if (!node.is_scalar()) {
    error(node.place(), "wrong-type", is_wanted(what, "a text", node));
    return std::nullopt;
  }
  if (is_ambiguous_plain(*node.node)) {
    error(node.place(), "ambiguous-text",
          quoted(node.node->scalar) + " without quotes may be read as something else than text",
          "write \"" + node.node->scalar + "\" in quotes");
    return std::nullopt;
  }
  if (node.node->scalar.find_first_not_of(" \t\n") == std::string::npos) {
    error(node.place(), "empty-text", std::string(what) + " must not be empty");
    return std::nullopt;
  }
  return node.node->scalar;
}

std::optional<std::string> NodeReader::read_name(const NodeRef& node, std::string_view what) {
  auto text = read_text(node, what);
  if (!text) {
    return std::nullopt;
  }
  const std::string fault = name_fault(*text);
  if (!fault.empty()) {
    error(node.place(), "bad-name", fault);
    return std::nullopt;
  }
  return text;
}

std::optional<bool> NodeReader::read_bool(const NodeRef& node, std::string_view what) {
  if (node.is_scalar() && !node.node->quoted) {
    if (node.node->scalar == "true") {
      return true;
    }
    if (node.node->scalar == "false") {
      return false;
    }
  }
  error(node.place(), "wrong-type", std::string(what) + " must be `true` or `false`");
  return std::nullopt;
}

std::optional<int> NodeReader::read_int(const NodeRef& node, std::string_view what, int lowest,
                                        int highest) {
  if (node.is_scalar() && !node.node->quoted && !is_ambiguous_plain(*node.node)) {
    const std::string& text = node.node->scalar;
    int value = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status == std::errc{} && end == text.data() + text.size()) {
      if (value >= lowest && value <= highest) {
        return value;
      }
      error(node.place(), "out-of-range",
            std::string(what) + " must be " + std::to_string(lowest) + " to " +
                std::to_string(highest) + ", and is " + text);
      return std::nullopt;
    }
  }
  error(node.place(), "wrong-type", std::string(what) + " must be a whole number");
  return std::nullopt;
}

std::optional<Date> NodeReader::read_date(const NodeRef& node, std::string_view what) {
  const auto date = node.is_scalar() ? parse_date(node.node->scalar) : std::nullopt;
  if (!date) {
    error(node.place(), "bad-date", std::string(what) + " must be a date such as 2026-11-02");
  }
  return date;
}

std::optional<UtcTime> NodeReader::read_time(const NodeRef& node, std::string_view what) {
  const auto time = node.is_scalar() ? parse_rfc3339(node.node->scalar) : std::nullopt;
  if (!time) {
    error(node.place(), "bad-time",
          std::string(what) + " must be a time such as 2026-11-02T12:00:00Z", {}, "RFC 3339");
  }
  return time;
}

std::optional<Period> NodeReader::read_period(const NodeRef& node, std::string_view what) {
  const auto period = node.is_scalar() ? parse_period(node.node->scalar) : std::nullopt;
  if (!period) {
    error(node.place(), "bad-duration",
          std::string(what) + " must be a duration such as P6Y, P13M, P30D or PT12H", {},
          "ISO 8601");
  }
  return period;
}

std::optional<CountryCode> NodeReader::read_country(const NodeRef& node, std::string_view what) {
  const auto text = read_text(node, what);
  if (!text) {
    return std::nullopt;
  }
  const auto country = parse_country(*text);
  if (!country) {
    error(node.place(), "bad-country",
          std::string(what) + " must be a country code of two capital letters such as IE", {},
          "ISO 3166-1");
  }
  return country;
}

std::vector<PlacedText> NodeReader::read_words(const NodeRef& node, std::string_view what) {
  std::vector<PlacedText> words;
  if (node.is_scalar()) {
    if (auto word = read_text(node, what)) {
      words.push_back({std::move(*word), node.place()});
    }
    return words;
  }
  if (!node.is_list()) {
    error(node.place(), "wrong-type", is_wanted(what, "a list of words", node));
    return words;
  }
  for (const YamlNode& item : node.node->items) {
    const NodeRef ref = node.with(item);
    auto word = read_text(ref, what);
    if (!word) {
      continue;
    }
    const bool twice = std::any_of(words.begin(), words.end(),
                                   [&](const PlacedText& known) { return known.text == *word; });
    if (twice) {
      error(ref.place(), "listed-twice", quoted(*word) + " stands twice in this list");
      continue;
    }
    words.push_back({std::move(*word), ref.place()});
  }
  return words;
}

std::optional<std::size_t> NodeReader::read_choice(const NodeRef& node, std::string_view what,
                                                   const std::vector<std::string>& known) {
  const auto text = read_text(node, what);
  if (!text) {
    return std::nullopt;
  }
  const auto found = std::find(known.begin(), known.end(), *text);
  if (found == known.end()) {
    std::string kind(what);
    unknown(node.place(), "unknown-word", "word for " + kind + ":", *text, known);
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - known.begin());
}

}  // namespace fieldgate::policy
