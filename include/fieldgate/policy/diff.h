// What changes for people and apps when one policy takes the place of another.
#pragma once

#include <fieldgate/policy/model.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fieldgate::policy {

enum class ReleaseEffect : std::uint8_t {
  kGains,      ///< the app did not get the field
  kLoses,      ///< it no longer does
  kMore,       ///< it gets a form that tells more
  kLess,       ///< one that tells less
  kDifferent,  ///< another form, neither more nor less
};
[[nodiscard]] std::string_view effect_name(ReleaseEffect effect);

/// One field that one app gets for one purpose, where the person's state permits it.
struct ReleaseChange {
  std::string app;
  std::string purpose;
  std::string level;  ///< of consent; empty where neither policy has levels for the purpose
  std::string field;
  std::string was;  ///< as the policy writes it: "show", "mask: last-4"; empty: not given
  std::string is;
  std::string was_sight;  ///< in words: "its year"
  std::string is_sight;
  ReleaseEffect effect = ReleaseEffect::kGains;
};

/// Anything else that a policy says: a basis, a recipient, how long data is kept.
struct RuleChange {
  std::string section;  ///< "purposes"
  std::string name;     ///< "newsletter"; empty in sections without names
  std::string key;      ///< "basis"
  std::string was;      ///< in words; empty: not said
  std::string is;
};

struct PolicyDiff {
  std::string was_version;
  std::string is_version;
  std::vector<ReleaseChange> changes;  ///< in order of app, purpose, level, field
  std::vector<RuleChange> rules;       ///< in order of section, name, key
  [[nodiscard]] bool empty() const { return changes.empty() && rules.empty(); }
};

/// Compares by name. A grant that the recipient's contract makes void gives nothing. Pure.
[[nodiscard]] PolicyDiff diff_policies(const PolicySet& was, const PolicySet& is);

/// The difference in plain words, for people; lines end in a line feed.
[[nodiscard]] std::string describe_diff(const PolicyDiff& diff);

}  // namespace fieldgate::policy
