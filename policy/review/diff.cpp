#include "policy/model/transforms.h"
#include "policy/review/outline.h"

#include <fieldgate/policy/diff.h>

#include <algorithm>
#include <set>

namespace fieldgate::policy {

namespace {

/// Field name -> how it is given.
using Given = std::map<std::string, Transform>;

// What an app gets for a purpose at one level; `level` counts only where the purpose has levels.
Given given_at(const CompiledPolicy& policy, AppIndex app, PurposeIndex purpose,
               const std::string& level) {
  Given given;
  if (app == kUnknownIndex || purpose == kUnknownIndex || !policy.may_read(app, purpose)) {
    return given;
  }
  const auto& levels = policy.purposes_[purpose].levels;
  const PurposeRules& rules = policy.purpose_rules_[purpose];
  std::size_t index = 0;
  if (!levels.empty()) {
    const auto found = std::find_if(levels.begin(), levels.end(),
                                    [&](const Level& one) { return one.name == level; });
    if (found == levels.end()) {
      return given;
    }
    index = static_cast<std::size_t>(found - levels.begin());
  }
  rules.released_at[index].for_each(
      [&](FieldIndex field) { given[policy.fields_[field].name] = rules.transforms[field]; });
  return given;
}

std::vector<std::string> level_names(const CompiledPolicy& policy, PurposeIndex purpose) {
  std::vector<std::string> names;
  if (purpose != kUnknownIndex) {
    for (const Level& level : policy.purposes_[purpose].levels) {
      names.push_back(level.name);
    }
  }
  return names;
}

template <class Things>
void add_names(std::set<std::string>& names, const Things& things) {
  for (const auto& thing : things) {
    names.insert(thing.name);
  }
}

class Comparison {
 public:
  Comparison(const CompiledPolicy& was, const CompiledPolicy& is) : was_(was), is_(is) {}

  PolicyDiff make() {
    diff_.was_version = was_.version_;
    diff_.is_version = is_.version_;
    std::set<std::string> apps;
    std::set<std::string> purposes;
    for (const CompiledPolicy* policy : {&was_, &is_}) {
      add_names(apps, policy->apps_);
      add_names(purposes, policy->purposes_);
    }
    for (const std::string& app : apps) {
      for (const std::string& purpose : purposes) {
        compare(app, purpose);
      }
    }
    compare_rules();
    return std::move(diff_);
  }

 private:
  // A purpose that gains or loses its levels is compared as a whole with each of them.
  void compare(const std::string& app, const std::string& purpose) {
    std::vector<std::string> levels = level_names(was_, was_.purpose(purpose));
    for (std::string& level : level_names(is_, is_.purpose(purpose))) {
      if (std::find(levels.begin(), levels.end(), level) == levels.end()) {
        levels.push_back(std::move(level));
      }
    }
    if (levels.empty()) {
      levels.emplace_back();
    }
    for (const std::string& level : levels) {
      const Given before = given_at(was_, was_.app(app), was_.purpose(purpose), level);
      const Given after = given_at(is_, is_.app(app), is_.purpose(purpose), level);
      std::set<std::string> fields;
      for (const Given* given : {&before, &after}) {
        for (const auto& [field, transform] : *given) {
          fields.insert(field);
        }
      }
      for (const std::string& field : fields) {
        compare(before, after, {app, purpose, level, field, {}, {}, {}, {}, {}});
      }
    }
  }

  void compare(const Given& before, const Given& after, ReleaseChange change) {
    const auto old_form = before.find(change.field);
    const auto new_form = after.find(change.field);
    if (old_form != before.end()) {
      change.was = transform_form(was_, old_form->second);
      change.was_sight = transform_sight(was_, old_form->second);
    }
    if (new_form != after.end()) {
      change.is = transform_form(is_, new_form->second);
      change.is_sight = transform_sight(is_, new_form->second);
    }
    if (change.was == change.is) {
      return;
    }
    if (old_form == before.end()) {
      change.effect = ReleaseEffect::kGains;
    } else if (new_form == after.end()) {
      change.effect = ReleaseEffect::kLoses;
    } else if (is_finer(new_form->second, old_form->second)) {
      change.effect = ReleaseEffect::kMore;
    } else if (is_finer(old_form->second, new_form->second)) {
      change.effect = ReleaseEffect::kLess;
    } else {
      change.effect = ReleaseEffect::kDifferent;
    }
    diff_.changes.push_back(std::move(change));
  }

  void compare_rules() {
    const auto before = outline(was_);
    const auto after = outline(is_);
    std::set<OutlineKey> keys;
    for (const auto* said : {&before, &after}) {
      for (const auto& [key, value] : *said) {
        keys.insert(key);
      }
    }
    for (const OutlineKey& key : keys) {
      const auto old_value = before.find(key);
      const auto new_value = after.find(key);
      RuleChange change{std::get<0>(key), std::get<1>(key), std::get<2>(key),
                        old_value == before.end() ? std::string{} : old_value->second,
                        new_value == after.end() ? std::string{} : new_value->second};
      if (change.was != change.is) {
        diff_.rules.push_back(std::move(change));
      }
    }
  }

  const CompiledPolicy& was_;
  const CompiledPolicy& is_;
  PolicyDiff diff_;
};

std::string change_words(const ReleaseChange& change) {
  switch (change.effect) {
    case ReleaseEffect::kGains:
      return "gains `" + change.field + "`: " + change.is_sight;
    case ReleaseEffect::kLoses:
      return "loses `" + change.field + "`; it got " + change.was_sight;
    case ReleaseEffect::kMore:
      return "learns more of `" + change.field + "`: " + change.is_sight + " instead of " +
             change.was_sight;
    case ReleaseEffect::kLess:
      return "learns less of `" + change.field + "`: " + change.is_sight + " instead of " +
             change.was_sight;
    case ReleaseEffect::kDifferent:
      return "gets another form of `" + change.field + "`: " + change.is_sight + " instead of " +
             change.was_sight;
  }
  return {};
}

std::string rule_words(const RuleChange& change) {
  if (change.was.empty()) {
    return change.key + " is now " + change.is;
  }
  if (change.is.empty()) {
    return change.key + " is gone; it was " + change.was;
  }
  return change.key + " is now " + change.is + "; it was " + change.was;
}

}  // namespace

std::string_view effect_name(ReleaseEffect effect) {
  switch (effect) {
    case ReleaseEffect::kGains:
      return "gains";
    case ReleaseEffect::kLoses:
      return "loses";
    case ReleaseEffect::kMore:
      return "more";
    case ReleaseEffect::kLess:
      return "less";
    case ReleaseEffect::kDifferent:
      return "different";
  }
  return {};
}

PolicyDiff diff_policies(const PolicySet& was, const PolicySet& is) {
  const CompiledPolicy* before = as_compiled(&was);
  const CompiledPolicy* after = as_compiled(&is);
  return before == nullptr || after == nullptr ? PolicyDiff{} : Comparison(*before, *after).make();
}

std::string describe_diff(const PolicyDiff& diff) {
  std::string text = "from policy " + diff.was_version + " to policy " + diff.is_version + '\n';
  if (diff.empty()) {
    return text + "nothing changes\n";
  }
  // The same change at several levels is one line that names them.
  std::string heading;
  for (std::size_t i = 0; i < diff.changes.size(); ++i) {
    const ReleaseChange& change = diff.changes[i];
    const auto same = [&](const ReleaseChange& other) {
      return other.app == change.app && other.purpose == change.purpose &&
             other.field == change.field && other.was == change.was && other.is == change.is;
    };
    const auto self = diff.changes.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(diff.changes.begin(), self, same)) {
      continue;
    }
    std::string levels;
    for (auto other = self; other != diff.changes.end(); ++other) {
      if (same(*other) && !other->level.empty()) {
        levels += (levels.empty() ? " (at level " : ", ") + other->level;
      }
    }
    const std::string own = "`" + change.app + "` for `" + change.purpose + "`:\n";
    if (own != heading) {
      heading = own;
      text += heading;
    }
    text += "  " + change_words(change) + (levels.empty() ? "" : levels + ")") + '\n';
  }
  heading.clear();
  for (const RuleChange& change : diff.rules) {
    const std::string own =
        change.section + (change.name.empty() ? "" : " `" + change.name + "`") + ":\n";
    if (own != heading) {
      heading = own;
      text += heading;
    }
    text += "  " + rule_words(change) + '\n';
  }
  return text;
}

}  // namespace fieldgate::policy
