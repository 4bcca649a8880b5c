// Any bytes: the strict YAML reader neither crashes nor lets a broken tree through unreported, and
// the fast reader of plain policies makes of a text what the strict one makes of it, or nothing.
#include "policy/load/plain_yaml.h"

#include <fieldgate/policy/yaml.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using fieldgate::policy::YamlNode;

void visit(const YamlNode& node, std::size_t depth) {
  if (depth > fieldgate::policy::kMaxYamlDepth + 1) {
    std::abort();
  }
  (void)fieldgate::policy::is_ambiguous_plain(node);
  for (const auto& item : node.items) {
    visit(item, depth + 1);
  }
  for (const auto& [key, value] : node.entries) {
    if (key.kind != YamlNode::Kind::kScalar || node.find(key.scalar) != &value) {
      std::abort();  // a key that is no text, or stands twice
    }
    visit(value, depth + 1);
  }
}

bool same(const YamlNode& a, const YamlNode& b) {
  if (a.kind != b.kind || a.scalar != b.scalar || a.quoted != b.quoted || a.line != b.line ||
      a.column != b.column || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!same(a.items[i], b.items[i])) {
      return false;
    }
  }
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    if (!same(a.entries[i].first, b.entries[i].first) ||
        !same(a.entries[i].second, b.entries[i].second)) {
      return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = fieldgate::policy::parse_yaml(text, "fuzz.yaml");
  const auto strict = fieldgate::policy::parse_strict_yaml(text, "fuzz.yaml");
  if (document.findings.size() != strict.findings.size()) {
    std::abort();
  }
  if (document.findings.empty()) {
    visit(document.node, 0);
    if (!same(document.node, strict.node)) {
      std::abort();  // the fast reader read something else
    }
  }
  return 0;
}
