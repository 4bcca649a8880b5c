// Rows whose values lie side by side under names: CSV lines, and flat JSON objects.
#pragma once

#include "gateway/import/mapping.h"
#include "gateway/import/row_builder.h"
#include "gateway/import/row_source.h"

#include <fieldgate/policy/model.h>

#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::importing {

/// What is read when there is no mapping: each of `columns` that has the name of an identifier, of
/// a field, or of both, and "collected_at" and "source" where the policy has no such field.
[[nodiscard]] Mapping mapping_by_name(const policy::PolicySet& policy,
                                      const std::vector<std::string>& columns);
/// Every name that `mapping_by_name` knows.
[[nodiscard]] std::vector<std::string> names_without_mapping(const policy::PolicySet& policy);
/// Every column that a mapping names, ignored ones included.
[[nodiscard]] std::vector<std::string> columns_of(const Mapping& mapping);

/// Reads one row: `cell_of` gives the cell of a named column.
template <class CellOf>
void read_flat_row(RowBuilder& builder, const policy::PolicySet& policy, const Mapping& mapping,
                   const ImportDefaults& defaults, const CellOf& cell_of) {
  const auto value_of = [&](const ValueOrigin& origin) {
    return origin.column.empty() ? Cell{origin.constant} : cell_of(origin.column);
  };
  const std::string source = mapping.source
                                 ? builder.source_of(value_of(*mapping.source), defaults.source)
                                 : defaults.source;
  const UtcTime collected_at =
      mapping.collected_at ? builder.moment_of(value_of(*mapping.collected_at), defaults.now)
                           : defaults.now;
  const auto add_fields = [&](bool country) {
    for (const auto& [field, origin] : mapping.fields) {
      if ((field == policy.country_field()) == country) {
        builder.add_field(field, value_of(origin), origin, source, collected_at);
      }
    }
  };
  add_fields(true);  // phone numbers are read by it
  for (const auto& [type, origin] : mapping.identifiers) {
    builder.add_identifier(type, value_of(origin), origin.drop_invalid);
  }
  add_fields(false);
}

}  // namespace fieldgate::importing
