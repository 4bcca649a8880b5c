#include "gateway/import/flat_row.h"

#include <fieldgate/crypto/identifiers.h>

namespace fieldgate::importing {

namespace {

constexpr std::string_view kSourceColumn = "source";
constexpr std::string_view kCollectedAtColumn = "collected_at";

ValueOrigin from_column(const std::string& column) {
  ValueOrigin origin;
  origin.column = column;
  return origin;
}

}  // namespace

Mapping mapping_by_name(const policy::PolicySet& policy, const std::vector<std::string>& columns) {
  Mapping mapping;
  for (const std::string& column : columns) {
    if (const auto type = crypto::parse_identifier_type(column)) {
      mapping.identifiers.emplace_back(*type, from_column(column));
    }
    if (const FieldIndex field = policy.field(column); field != policy::kUnknownIndex) {
      mapping.fields.emplace_back(field, from_column(column));
    } else if (column == kSourceColumn) {
      mapping.source = from_column(column);
    } else if (column == kCollectedAtColumn) {
      mapping.collected_at = from_column(column);
    }
  }
  return mapping;
}

std::vector<std::string> names_without_mapping(const policy::PolicySet& policy) {
  std::vector<std::string> names = field_names(policy);
  for (const std::string_view name : {crypto::identifier_type_name(IdentifierType::kEmail),
                                      crypto::identifier_type_name(IdentifierType::kPhone),
                                      crypto::identifier_type_name(IdentifierType::kAccountId),
                                      kSourceColumn, kCollectedAtColumn}) {
    if (policy.field(name) == policy::kUnknownIndex) {  // else it is there already
      names.emplace_back(name);
    }
  }
  return names;
}

std::vector<std::string> columns_of(const Mapping& mapping) {
  std::vector<std::string> columns = mapping.ignored;
  const auto add = [&](const ValueOrigin& origin) {
    if (!origin.column.empty()) {
      columns.push_back(origin.column);
    }
  };
  if (mapping.source) {
    add(*mapping.source);
  }
  if (mapping.collected_at) {
    add(*mapping.collected_at);
  }
  for (const auto& [type, origin] : mapping.identifiers) {
    add(origin);
  }
  for (const auto& [field, origin] : mapping.fields) {
    add(origin);
  }
  return columns;
}

}  // namespace fieldgate::importing
