// A policy as sorted sentences, so that two policies can be laid side by side.
#pragma once

#include "policy/model/compiled_policy.h"

#include <map>
#include <string>
#include <tuple>

namespace fieldgate::policy {

/// Section, name of the thing ("" for a section without names), and what is said of it.
using OutlineKey = std::tuple<std::string, std::string, std::string>;

/// Everything that the policy says, save which field goes to whom, its tests and its own words on
/// itself; what is not said is left out. Values are in plain words where they have any.
[[nodiscard]] std::map<OutlineKey, std::string> outline(const CompiledPolicy& policy);

/// "GDPR 6(1)(a)".
[[nodiscard]] std::string_view basis_article(Basis basis);
/// How long the purpose keeps the field, in words; empty when it does not say.
[[nodiscard]] std::string keep_words(const PurposeRules& rules, FieldIndex field);
/// "hours 07:00-22:00 Europe/Dublin; channel web or app".
[[nodiscard]] std::string moment_words(const CompiledPolicy& policy, const Moment& moment);

}  // namespace fieldgate::policy
