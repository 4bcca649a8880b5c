// The states of a person and of a read, as far as a decision about one purpose tells them apart.
#pragma once

#include "policy/model/compiled_policy.h"

#include <functional>
#include <optional>

namespace fieldgate::policy {

using Visit = std::function<bool(const Question&, const PersonFacts&)>;

/// Goes through the states for reads of one field, the most open first, until `visit` returns true;
/// that state. Consents of every status, and permitting ones at every level, of every text, plain
/// and explicit; a guardian's likewise; ages on both sides of every threshold and none; objections
/// and a restriction before and after the consent; erasure; a time and a context in which all
/// moments hold. The value is held and fresh.
[[nodiscard]] std::optional<TestCase> find_state(const CompiledPolicy& policy, AppIndex app,
                                                 PurposeIndex purpose, FieldIndex field,
                                                 const Visit& visit);

/// How many states `find_state` goes through at most.
[[nodiscard]] std::size_t count_states(const CompiledPolicy& policy, PurposeIndex purpose);

}  // namespace fieldgate::policy
