// The part of YAML that policies are mostly written in, read fast.
#pragma once

#include <fieldgate/policy/yaml.h>

#include <optional>
#include <string>
#include <string_view>

namespace fieldgate::policy {

/// Reads block maps and lists, flow maps and lists, plain and simply quoted texts of one line, and
/// comments: exactly the tree that the strict reader makes, at less cost. Nothing for a text that
/// holds anything else, or any fault at all: the strict reader takes those, and explains.
/// `text` has passed `find_text_fault` and `find_layout_fault`.
[[nodiscard]] std::optional<YamlNode> parse_plain_yaml(std::string_view text);
/// The strict reader alone, whose answer is the measure for the one above.
[[nodiscard]] YamlDocument parse_strict_yaml(std::string_view text, const std::string& file);

}  // namespace fieldgate::policy
