// How transforms compare and what they are called.
#pragma once

#include <fieldgate/policy/model.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldgate::policy {

/// True when `a` tells more of a value than `b` does.
[[nodiscard]] bool is_finer(const Transform& a, const Transform& b);
/// The one that tells less; nothing when neither contains the other (decision rule 33).
[[nodiscard]] std::optional<Transform> narrower_of(const Transform& a, const Transform& b);
/// True when the transform can be done to a value of the type.
[[nodiscard]] bool transform_fits(TransformKind kind, FieldType type);

struct TransformWords {
  std::string_view key;    ///< "mask"; "show" for `kShow`
  std::string_view value;  ///< "last-4"; empty for `kShow` and `kPseudonymise`
};
[[nodiscard]] TransformWords transform_words(TransformKind kind);
[[nodiscard]] std::optional<TransformKind> parse_transform(std::string_view key,
                                                           std::string_view value);
/// As the policy writes it: "show", "mask: last-4", "pseudonymise: fraud".
[[nodiscard]] std::string transform_form(const PolicySet& policy, const Transform& transform);
/// What a reader of the field sees: "the value itself", "its year".
[[nodiscard]] std::string transform_sight(const PolicySet& policy, const Transform& transform);
/// The values that go with a key, for suggestions.
[[nodiscard]] std::vector<std::string> transform_values(std::string_view key);
/// The kind that a single word such as `band-10` or `last-4` names.
[[nodiscard]] std::optional<TransformKind> parse_precision(std::string_view word);

}  // namespace fieldgate::policy
