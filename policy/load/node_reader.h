// Takes typed values out of YAML nodes and reports what is wrong with them, each at its place.
#pragma once

#include "policy/model/period.h"
#include "policy/model/place.h"

#include <fieldgate/base/diagnostic.h>
#include <fieldgate/base/time.h>
#include <fieldgate/policy/engine.h>
#include <fieldgate/policy/yaml.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldgate::policy {

/// A node and the file that it stands in. Views: the documents outlive it.
struct NodeRef {
  const YamlNode* node = nullptr;
  std::uint32_t file = 0;
  explicit operator bool() const { return node != nullptr; }
  [[nodiscard]] Place place() const { return {file, node->line, node->column}; }
  [[nodiscard]] NodeRef with(const YamlNode& other) const { return {&other, file}; }
  [[nodiscard]] NodeRef find(std::string_view key) const {
    return {node->kind == YamlNode::Kind::kMap ? node->find(key) : nullptr, file};
  }
  [[nodiscard]] bool is_map() const { return node->kind == YamlNode::Kind::kMap; }
  [[nodiscard]] bool is_list() const { return node->kind == YamlNode::Kind::kSequence; }
  [[nodiscard]] bool is_scalar() const { return node->kind == YamlNode::Kind::kScalar; }
  [[nodiscard]] bool is_null() const { return node->kind == YamlNode::Kind::kNull; }
};

/// One entry of a map.
struct EntryRef {
  NodeRef key;
  NodeRef value;
  [[nodiscard]] const std::string& name() const { return key.node->scalar; }
};

struct PlacedText {
  std::string text;
  Place where;
};

/// Every `read_…` reports and returns nothing when the node is not what it should be. `what` names
/// the thing in the sentence: "the purpose's `basis`".
class NodeReader {
 public:
  NodeReader(const std::vector<std::string>& files, std::vector<Diagnostic>& findings)
      : files_(files), findings_(findings) {}

  void error(const Place& where, std::string code, std::string message, std::string suggestion = {},
             std::string because = {});
  void warning(const Place& where, std::string code, std::string message,
               std::string suggestion = {}, std::string because = {});
  /// `word` is not one of `known`: names the nearest known word.
  void unknown(const Place& where, std::string code, std::string_view kind, std::string_view word,
               const std::vector<std::string>& known);
  [[nodiscard]] std::size_t errors() const { return errors_; }
  /// Known words that unknown ones were likely meant to be; each is the root of one finding.
  [[nodiscard]] const std::set<std::string>& meant() const { return meant_; }
  void mean(const std::string& word) { meant_.insert(word); }

  /// The entries of a map; reports anything but a map. Null counts as empty when `may_be_empty`.
  [[nodiscard]] std::optional<std::vector<EntryRef>> read_map(const NodeRef& node,
                                                              std::string_view what,
                                                              bool may_be_empty = false);
  /// As above, and reports each key that is not in `known`.
  [[nodiscard]] bool check_keys(const NodeRef& node, std::string_view what,
                                const std::vector<std::string>& known);
  /// Reports the missing key at the map's own place.
  [[nodiscard]] NodeRef require(const NodeRef& map, const Place& where, std::string_view key,
                                std::string_view what, std::string because = {});

  [[nodiscard]] std::optional<std::string> read_text(const NodeRef& node, std::string_view what);
  /// Text that is a name in policies: letters of one script, digits, `-`, `_`.
  [[nodiscard]] std::optional<std::string> read_name(const NodeRef& node, std::string_view what);
  [[nodiscard]] std::optional<bool> read_bool(const NodeRef& node, std::string_view what);
  [[nodiscard]] std::optional<int> read_int(const NodeRef& node, std::string_view what, int lowest,
                                            int highest);
  [[nodiscard]] std::optional<Date> read_date(const NodeRef& node, std::string_view what);
  [[nodiscard]] std::optional<UtcTime> read_time(const NodeRef& node, std::string_view what);
  [[nodiscard]] std::optional<Period> read_period(const NodeRef& node, std::string_view what);
  [[nodiscard]] std::optional<CountryCode> read_country(const NodeRef& node, std::string_view what);
  /// A list of texts, or one text that stands for a list of one. No word twice.
  [[nodiscard]] std::vector<PlacedText> read_words(const NodeRef& node, std::string_view what);
  /// One of a closed list; the index into `known`.
  [[nodiscard]] std::optional<std::size_t> read_choice(const NodeRef& node, std::string_view what,
                                                       const std::vector<std::string>& known);

 private:
  void add(Severity severity, const Place& where, std::string code, std::string message,
           std::string suggestion, std::string because);

  const std::vector<std::string>& files_;
  std::vector<Diagnostic>& findings_;
  std::size_t errors_ = 0;
  std::set<std::string> meant_;
};

/// True when the map has the key, or one that is none of `known` and was meant to be it.
[[nodiscard]] bool mentions(const NodeRef& map, std::string_view key,
                            const std::vector<std::string>& known);

/// Why a word cannot be a name; empty when it can.
[[nodiscard]] std::string name_fault(std::string_view word);

}  // namespace fieldgate::policy
