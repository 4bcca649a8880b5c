// The canonical plaintext of a field's value, and what a purpose makes of it before it is returned.
#pragma once

#include <fieldgate/base/result.h>
#include <fieldgate/crypto/sealed_field.h>
#include <fieldgate/policy/model.h>

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fieldgate::values {

/// Most entries of a list.
inline constexpr std::size_t kMaxListItems = 256;
/// Most digits of a number; beyond them a double would not keep the value.
inline constexpr std::size_t kMaxNumberDigits = 15;
/// What stands between the entries of a list in one CSV cell: "crime|poetry".
inline constexpr char kListSeparator = '|';

/// How a field's type is bound into its seal.
[[nodiscard]] crypto::ValueType value_type(policy::FieldType type);

/// Validates a value that came as JSON and gives the plaintext that is sealed: UTF-8, at most
/// `crypto::kMaxFieldBytes` (`kTooLarge` beyond), else `kInvalid`; no message repeats the value.
/// - text: as it is, without control characters other than tab and line breaks, not empty;
/// - email, phone: the normalised identifier, so that equal addresses are equal bytes; `region`
///   (ISO 3166-1 alpha-2) is needed for a phone number without its country code;
/// - country: ISO 3166-1 alpha-2 in capitals; date: "YYYY-MM-DD";
/// - list: an array of distinct texts as compact JSON;
/// - money, number: a JSON number in its shortest form; boolean: "true" or "false".
/// Thread-safe.
[[nodiscard]] Result<std::string> encode_value(policy::FieldType type,
                                               const boost::json::value& value,
                                               std::string_view region = {});

/// The same from a CSV cell. White space around it is dropped; a country may be in lower case;
/// a list is split at `kListSeparator`, empty entries dropped; a number has a decimal point and no
/// thousands separator; a boolean is true/false, yes/no or 1/0. An empty cell is `kInvalid`: it is
/// no value, and the caller leaves the field out.
[[nodiscard]] Result<std::string> encode_text_value(policy::FieldType type, std::string_view cell,
                                                    std::string_view region = {});

/// Appends a plaintext as JSON of its type.
void append_value_json(std::string& out, policy::FieldType type, std::string_view plain);

/// Makes the keyed pseudonym of a value (policy transform `pseudonymise`). Implementations are
/// thread-safe.
class ValuePseudonyms {
 public:
  virtual ~ValuePseudonyms() = default;
  /// Appends the pseudonym of `plain` in the policy's domain with this index, without quotes.
  virtual void append_pseudonym(std::string& out, std::uint16_t domain,
                                std::string_view plain) const = 0;
};

/// Appends what the transform leaves of a plaintext, as JSON (docs/policy-language.md,
/// "Transforms"):
/// - mask last-4: a string in which all but the last four characters are stars; of a value of four
///   or fewer characters nothing is kept. A character is a Unicode code point. Each entry of a list
///   is masked on its own;
/// - year "1984" and band-10 "1980-1989" of a date; prefix-2 of a text: its first two characters;
/// - city, country of an address "street, 12345 City, Country": its last part, and the last but one
///   without any word that holds a digit; a country stays as it is;
/// - round 2: two significant digits, half away from zero;
/// - pseudonymise: a string from `pseudonyms`.
/// A transform that does not fit the type or the value is an error, `out` is then as before: a
/// value is never returned because it could not be narrowed. Thread-safe; for short values nothing
/// but `out` allocates.
[[nodiscard]] Result<void> append_transformed_json(std::string& out, policy::FieldType type,
                                                   std::string_view plain,
                                                   policy::Transform transform,
                                                   const ValuePseudonyms* pseudonyms = nullptr);

}  // namespace fieldgate::values
