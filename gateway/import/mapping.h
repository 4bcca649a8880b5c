// Which columns of a foreign file are which fields and identifiers (docs/examples/chinook).
#pragma once

#include <fieldgate/base/diagnostic.h>
#include <fieldgate/base/field_set.h>
#include <fieldgate/base/ids.h>
#include <fieldgate/policy/model.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldgate::importing {

/// Where one value comes from.
struct ValueOrigin {
  enum class Form : std::uint8_t { kAsIs, kCountryName };
  std::string column;  ///< empty: the constant
  std::string constant;
  Form form = Form::kAsIs;
  bool drop_invalid = false;  ///< a value that is not valid is left out instead of failing the row
  std::string source;         ///< empty: that of the row
};

struct Mapping {
  char delimiter = ',';
  std::optional<ValueOrigin> source;
  std::optional<ValueOrigin> collected_at;
  std::vector<std::pair<IdentifierType, ValueOrigin>> identifiers;
  std::vector<std::pair<FieldIndex, ValueOrigin>> fields;
  std::vector<std::string> ignored;  ///< columns that are known and not wanted
};

/// Reads a mapping file and checks it against the policy. Pure.
///
///     source: shop-2025                 # default: import
///     collected_at: {column: Updated}   # RFC 3339 or a date; default: the moment of the import
///     delimiter: ";"                    # CSV only; default: a comma
///     identifiers:
///       account_id: CustomerId
///       phone: {column: Phone, if_invalid: drop}
///     fields:
///       first_name: FirstName
///       country: {column: Country, as: country-name}   # English name or ISO code
///       loyalty_tier: {value: none, source: migration}
///     ignore: [Fax]
struct MappingResult {
  std::optional<Mapping> mapping;  ///< nothing when `findings` has an error
  std::vector<Diagnostic> findings;
};
[[nodiscard]] MappingResult load_mapping(std::string_view text, const std::string& file,
                                         const policy::PolicySet& policy);

}  // namespace fieldgate::importing
