// The part of a purpose that says which fields it gives, in which form, at which level, how long.
#pragma once

#include "policy/load/draft.h"

namespace fieldgate::policy {

/// The most levels that one purpose may have.
inline constexpr std::size_t kMaxLevels = 16;

void read_purpose_fields(Draft& draft, const EntryRef& entry, Purpose& purpose,
                         PurposeRules& rules);
void read_keep(Draft& draft, const EntryRef& entry, PurposeRules& rules);
/// Turns the rules for single fields into masks by level.
void compile_masks(PurposeRules& rules, std::size_t field_count);

}  // namespace fieldgate::policy
