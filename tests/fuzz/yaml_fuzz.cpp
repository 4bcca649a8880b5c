// Any bytes: the strict YAML reader neither crashes nor lets a broken tree through unreported.
#include <fieldgate/policy/yaml.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

void visit(const fieldgate::policy::YamlNode& node, std::size_t depth) {
  if (depth > fieldgate::policy::kMaxYamlDepth + 1) {
    std::abort();
  }
  (void)fieldgate::policy::is_ambiguous_plain(node);
  for (const auto& item : node.items) {
    visit(item, depth + 1);
  }
  for (const auto& [key, value] : node.entries) {
    if (key.kind != fieldgate::policy::YamlNode::Kind::kScalar || node.find(key.scalar) != &value) {
      std::abort();  // a key that is no text, or stands twice
    }
    visit(value, depth + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = fieldgate::policy::parse_yaml(text, "fuzz.yaml");
  if (document.findings.empty()) {
    visit(document.node, 0);
  }
  return 0;
}
