#include "gateway/import/mapping.h"

#include "gateway/import/person_row.h"
#include "gateway/import/row_builder.h"

#include <fieldgate/crypto/identifiers.h>
#include <fieldgate/policy/yaml.h>

#include <algorithm>
#include <set>

namespace fieldgate::importing {

namespace {

using policy::YamlNode;

class MappingReader {
 public:
  MappingReader(const std::string& file, const policy::PolicySet& policy)
      : file_(file), policy_(policy) {}

  MappingResult read(const YamlNode& root) {
    if (root.kind != YamlNode::Kind::kMap) {
      report(root, "wrong-type", "a mapping file is a map of keys");
      return {std::nullopt, std::move(findings_)};
    }
    for (const auto& [key, value] : root.entries) {
      read_key(key, value);
    }
    if (mapping_.identifiers.empty() && !has_errors(findings_)) {
      report(root, "missing-key", "no identifier is mapped, so no person could be found again",
             "name a column under `identifiers`");
    }
    if (has_errors(findings_)) {
      return {std::nullopt, std::move(findings_)};
    }
    return {std::move(mapping_), std::move(findings_)};
  }

 private:
  void report(const YamlNode& at, std::string code, std::string message,
              std::string suggestion = {}) {
    findings_.push_back({{file_, at.line, at.column},
                         Severity::kError,
                         std::move(code),
                         std::move(message),
                         std::move(suggestion),
                         {}});
  }

  void report_unknown(const YamlNode& at, const std::string& what,
                      const std::vector<std::string>& known) {
    const std::string near = nearest_word(at.scalar, known);
    report(at, "unknown-" + what, "unknown " + what + " `" + excerpt(at.scalar) + "`",
           near.empty() ? "" : "did you mean `" + near + "`");
  }

  void read_key(const YamlNode& key, const YamlNode& value) {
    if (key.scalar == "source") {
      mapping_.source = read_source(value);
    } else if (key.scalar == "collected_at") {
      mapping_.collected_at = read_collected_at(value);
    } else if (key.scalar == "delimiter") {
      read_delimiter(value);
    } else if (key.scalar == "identifiers") {
      for_each_entry(value, [this](const YamlNode& name, const YamlNode& origin) {
        const auto type = crypto::parse_identifier_type(name.scalar);
        if (!type) {
          report_unknown(name, "identifier", {"email", "phone", "account_id"});
        } else if (auto read = read_origin(origin, false)) {
          mapping_.identifiers.emplace_back(*type, std::move(*read));
        }
      });
    } else if (key.scalar == "fields") {
      for_each_entry(value, [this](const YamlNode& name, const YamlNode& origin) {
        const FieldIndex field = policy_.field(name.scalar);
        if (field == policy::kUnknownIndex) {
          report_unknown(name, "field", field_names(policy_));
        } else if (auto read = read_origin(
                       origin, policy_.fields()[field].type == policy::FieldType::kCountry)) {
          mapping_.fields.emplace_back(field, std::move(*read));
        }
      });
    } else if (key.scalar == "ignore") {
      read_ignored(value);
    } else {
      report_unknown(key, "key",
                     {"source", "collected_at", "delimiter", "identifiers", "fields", "ignore"});
    }
  }

  template <class Visit>
  void for_each_entry(const YamlNode& node, const Visit& visit) {
    if (node.kind != YamlNode::Kind::kMap) {
      report(node, "wrong-type", "a map of names to columns is expected here");
      return;
    }
    for (const auto& [name, value] : node.entries) {
      visit(name, value);
    }
  }

  bool is_text(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::kScalar || node.scalar.empty()) {
      report(node, "wrong-type", "a text is expected here");
      return false;
    }
    if (policy::is_ambiguous_plain(node)) {
      report(node, "ambiguous-text", "`" + excerpt(node.scalar) + "` can be read as something else",
             "put it in quotes");
      return false;
    }
    return true;
  }

  // A column's name, or a map that says more about it.
  std::optional<ValueOrigin> read_origin(const YamlNode& node, bool may_name_country) {
    ValueOrigin origin;
    if (node.kind != YamlNode::Kind::kMap) {
      if (!is_text(node)) {
        return std::nullopt;
      }
      origin.column = node.scalar;
      return origin;
    }
    const std::size_t before = findings_.size();
    for (const auto& [key, value] : node.entries) {
      if (key.scalar != "column" && key.scalar != "value" && key.scalar != "source" &&
          key.scalar != "as" && key.scalar != "if_invalid") {
        report_unknown(key, "key", {"column", "value", "source", "as", "if_invalid"});
      } else if (!is_text(value)) {
        continue;
      } else if (key.scalar == "column") {
        origin.column = value.scalar;
      } else if (key.scalar == "value") {
        origin.constant = value.scalar;
      } else if (key.scalar == "source") {
        origin.source = checked_source(value);
      } else if (key.scalar == "as") {
        if (value.scalar != "country-name") {
          report_unknown(value, "form", {"country-name"});
        } else if (!may_name_country) {
          report(value, "wrong-type", "`country-name` fits a field of type `country` only");
        }
        origin.form = ValueOrigin::Form::kCountryName;
      } else if (value.scalar == "drop") {
        origin.drop_invalid = true;
      } else if (value.scalar != "reject") {
        report_unknown(value, "choice", {"drop", "reject"});
      }
    }
    if (findings_.size() == before && origin.column.empty() == origin.constant.empty()) {
      report(node, "missing-key", "a value comes from either a `column` or a constant `value`");
    }
    return findings_.size() == before ? std::optional(std::move(origin)) : std::nullopt;
  }

  std::string checked_source(const YamlNode& node) {
    if (!is_source(node.scalar)) {
      report(node, "wrong-value", "a source is a word of letters, digits and `-_.:/`");
    }
    return node.scalar;
  }

  std::optional<ValueOrigin> read_source(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::kMap) {
      return read_origin(node, false);
    }
    ValueOrigin origin;
    if (is_text(node)) {
      origin.constant = checked_source(node);
    }
    return origin;
  }

  std::optional<ValueOrigin> read_collected_at(const YamlNode& node) {
    ValueOrigin origin;
    if (node.kind == YamlNode::Kind::kMap) {
      const auto read = read_origin(node, false);
      if (!read || read->constant.empty()) {
        return read;
      }
      origin = *read;
    } else if (is_text(node)) {
      origin.constant = node.scalar;
    }
    if (!origin.constant.empty() && !parse_moment(origin.constant)) {
      report(node, "wrong-value", "not a time such as `2026-11-02T12:00:00Z`, nor a date");
    }
    return origin;
  }

  void read_delimiter(const YamlNode& node) {
    constexpr std::string_view kDelimiters = ",;\t|";
    if (node.kind != YamlNode::Kind::kScalar || node.scalar.size() != 1 ||
        kDelimiters.find(node.scalar.front()) == std::string_view::npos) {
      report(node, "wrong-value", "a delimiter is a comma, a semicolon, a tab or a bar");
      return;
    }
    mapping_.delimiter = node.scalar.front();
  }

  void read_ignored(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::kSequence) {
      report(node, "wrong-type", "a list of columns is expected here");
      return;
    }
    for (const YamlNode& item : node.items) {
      if (is_text(item)) {
        mapping_.ignored.push_back(item.scalar);
      }
    }
  }

  const std::string& file_;
  const policy::PolicySet& policy_;
  Mapping mapping_;
  std::vector<Diagnostic> findings_;
};

}  // namespace

MappingResult load_mapping(std::string_view text, const std::string& file,
                           const policy::PolicySet& policy) {
  policy::YamlDocument document = policy::parse_yaml(text, file);
  if (has_errors(document.findings)) {
    return {std::nullopt, std::move(document.findings)};
  }
  return MappingReader(file, policy).read(document.node);
}

}  // namespace fieldgate::importing
