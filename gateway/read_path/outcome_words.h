// The words that audit records use (docs/audit-format.md): stored, never reworded.
#pragma once

#include <fieldgate/policy/model.h>

#include <string_view>

namespace fieldgate::read_path {

/// The outcome of a field that was released: "show", "mask:last-4".
[[nodiscard]] std::string_view transform_word(policy::TransformKind kind);

}  // namespace fieldgate::read_path
