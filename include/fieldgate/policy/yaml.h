// Strict YAML with positions: the one reader for policy files and for fieldgate.yaml.
#pragma once

#include <fieldgate/base/diagnostic.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldgate::policy {

/// Limits of one YAML file, each refused with a diagnostic one beyond.
inline constexpr std::size_t kMaxYamlBytes = 16UL * 1024 * 1024;
inline constexpr std::size_t kMaxYamlDepth = 32;
inline constexpr std::size_t kMaxYamlNodes = 2'000'000;

/// One node. A value type: owns its children. Map entries keep the order of the file.
struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  std::string scalar;           ///< the text, for scalars
  bool quoted = false;          ///< a quoted or block scalar: text for certain
  int line = 0;                 ///< 1-based
  int column = 0;               ///< 1-based
  std::vector<YamlNode> items;  ///< for sequences
  std::vector<std::pair<YamlNode, YamlNode>> entries;  ///< for maps; keys are scalars, unique

  // Defined where the type is complete: clang instantiates a defaulted one here, too early for
  // the pair of nodes.
  YamlNode();
  YamlNode(const YamlNode& other);
  YamlNode(YamlNode&& other) noexcept;
  YamlNode& operator=(const YamlNode& other);
  YamlNode& operator=(YamlNode&& other) noexcept;
  ~YamlNode();

  [[nodiscard]] const YamlNode* find(std::string_view key) const {
    for (const auto& [name, value] : entries) {
      if (name.scalar == key) {
        return &value;
      }
    }
    return nullptr;
  }
};

/// Reads one document. Refuses, each with file:line:col: bad syntax, duplicate keys, aliases and
/// anchors, tags, several documents, keys that are no scalars, invalid UTF-8, control and
/// bidirectional characters, and more than the limits above. Unquoted words that YAML 1.1 readers
/// take for something else (`no`, `yes`, `on`, `off`, `010`, `0x1f`, `1e3`, `~`) stay text here;
/// `is_ambiguous_plain` finds them, so that a reader that wants text can ask for quotes.
/// On errors `node` is what could be read and must not be used. Never throws.
struct YamlDocument {
  YamlNode node;
  std::vector<Diagnostic> findings;
};
[[nodiscard]] YamlDocument parse_yaml(std::string_view text, const std::string& file);

[[nodiscard]] bool is_ambiguous_plain(const YamlNode& node);

}  // namespace fieldgate::policy
