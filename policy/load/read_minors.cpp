// `minors` and `invariants`.
#include "policy/load/draft.h"
#include "policy/model/transforms.h"

#include <algorithm>

namespace fieldgate::policy {

namespace {

const std::vector<std::string> kBelowWords{"guardian", "child-and-guardian"};

void read_thresholds(Draft& draft, const NodeRef& node, Minors& minors) {
  const auto entries = draft.read.read_map(node, "`thresholds`");
  if (!entries) {
    return;
  }
  for (const EntryRef& entry : *entries) {
    const bool is_default = entry.name() == "default";
    const auto country =
        is_default ? std::nullopt : draft.read.read_country(entry.key, "a threshold's country");
    const auto age = draft.read.read_int(entry.value, "an age of digital consent", kLowestThreshold,
                                         kHighestThreshold);
    if (!age) {
      continue;
    }
    if (is_default) {
      minors.default_threshold = *age;
    } else if (country) {
      minors.thresholds.emplace_back(*country, *age);
    }
  }
}

std::optional<BelowAge> read_below_word(Draft& draft, const NodeRef& node) {
  const auto chosen = draft.read.read_choice(node, "`below`", kBelowWords);
  return chosen ? std::optional{static_cast<BelowAge>(*chosen)} : std::nullopt;
}

void read_below(Draft& draft, const NodeRef& node, Minors& minors) {
  if (node.is_scalar()) {
    minors.default_below = read_below_word(draft, node).value_or(BelowAge::kChildAndGuardian);
    return;
  }
  const auto entries = draft.read.read_map(node, "`below`");
  for (const EntryRef& entry : entries.value_or(std::vector<EntryRef>{})) {
    const bool is_default = entry.name() == "default";
    const auto country =
        is_default ? std::nullopt : draft.read.read_country(entry.key, "the country of `below`");
    const auto word = read_below_word(draft, entry.value);
    if (word && is_default) {
      minors.default_below = *word;
    } else if (word && country) {
      minors.below.emplace_back(*country, *word);
    }
  }
}

void read_age_field(Draft& draft, const NodeRef& map) {
  const NodeRef node = map.find("age_from");
  if (!node) {
    if (draft.policy.minors_.unknown == UnknownAge::kDeny) {
      (void)draft.read.require(map, draft.sections.minors_where, "age_from", "`minors`",
                               "GDPR 8(1)");
    }
    return;
  }
  auto word = draft.read.read_text(node, "`age_from`");
  if (!word) {
    return;
  }
  const FieldIndex field =
      resolve(draft, draft.policy.field_names_, "field", {std::move(*word), node.place()});
  if (field == kUnknownIndex) {
    return;
  }
  if (draft.policy.fields_[field].type != FieldType::kDate) {
    draft.read.error(node.place(), "wrong-type", "`age_from` must name a field of type date");
    return;
  }
  draft.policy.birth_date_field_ = field;
}

// Names listed, or all others when `except` is.
template <class Index>
std::vector<Index> read_scope(Draft& draft, const NodeRef& never, std::string_view key,
                              std::string_view except_key, const NameTable& table,
                              std::string_view kind, std::size_t count) {
  const NodeRef only = never.find(key);
  const NodeRef except = never.find(except_key);
  if (only && except) {
    draft.read.error(
        except.place(), "conflicting-rules",
        "`" + std::string(key) + "` and `" + std::string(except_key) + "` exclude each other",
        "keep one of them");
  }
  std::vector<bool> in(count, !only);
  const NodeRef& list = only ? only : except;
  if (list) {
    for (const PlacedText& word : draft.read.read_words(list, "`" + std::string(kind) + "s`")) {
      const std::uint16_t index = resolve(draft, table, kind, word);
      if (index != kUnknownIndex) {
        in[index] = static_cast<bool>(only);
      }
    }
  }
  std::vector<Index> scope;
  for (std::size_t i = 0; i < count; ++i) {
    if (in[i]) {
      scope.push_back(static_cast<Index>(i));
    }
  }
  return scope;
}

void read_invariant(Draft& draft, const NodeRef& node) {
  CompiledPolicy& policy = draft.policy;
  Invariant invariant;
  invariant.where = node.place();
  if (!draft.read.check_keys(node, "an invariant", {"it", "never"})) {
    return;
  }
  if (const NodeRef it = draft.read.require(node, node.place(), "it", "the invariant")) {
    invariant.it = draft.read.read_text(it, "`it`").value_or("");
  }
  const NodeRef never = draft.read.require(node, node.place(), "never", "the invariant");
  if (!never || !draft.read.check_keys(never, "`never`",
                                       {"apps", "apps_except", "purposes", "purposes_except",
                                        "field", "fields", "finer_than"})) {
    return;
  }
  invariant.apps = read_scope<AppIndex>(draft, never, "apps", "apps_except", policy.app_names_,
                                        "app", policy.apps_.size());
  invariant.purposes =
      read_scope<PurposeIndex>(draft, never, "purposes", "purposes_except", policy.purpose_names_,
                               "purpose", policy.purposes_.size());
  const NodeRef field = never.find("field") ? never.find("field") : never.find("fields");
  if (!field) {
    (void)draft.read.require(never, never.place(), "field", "`never`");
    return;
  }
  for (const PlacedText& word : draft.read.read_words(field, "`field`")) {
    const FieldIndex index = resolve(draft, policy.field_names_, "field", word);
    if (index != kUnknownIndex) {
      invariant.fields.push_back(index);
    }
  }
  if (const NodeRef finer = never.find("finer_than")) {
    const auto word = draft.read.read_text(finer, "`finer_than`");
    if (word) {
      invariant.finer_than = parse_precision(*word);
      if (!invariant.finer_than) {
        draft.read.unknown(finer.place(), "unknown-transform", "precision", *word,
                           {"year", "band-10", "prefix-2", "city", "country", "last-4"});
        return;
      }
    }
  }
  policy.invariants_.push_back(std::move(invariant));
}

}  // namespace

void read_minors(Draft& draft) {
  static const std::vector<std::string> kKeys{"age_from", "thresholds", "unknown_age", "below"};
  const NodeRef& node = draft.sections.minors;
  Minors& minors = draft.policy.minors_;
  if (!node || !draft.read.check_keys(node, "`minors`", kKeys)) {
    return;
  }
  minors.present = true;
  minors.where = draft.sections.minors_where;
  if (const NodeRef unknown = node.find("unknown_age")) {
    if (const auto chosen =
            draft.read.read_choice(unknown, "`unknown_age`", {"deny", "allow", "guardian"})) {
      minors.unknown = static_cast<UnknownAge>(*chosen);
    }
  }
  read_age_field(draft, node);
  if (const NodeRef thresholds = node.find("thresholds")) {
    read_thresholds(draft, thresholds, minors);
  }
  if (const NodeRef below = node.find("below")) {
    read_below(draft, below, minors);
  }
  minors.highest_threshold = minors.default_threshold;
  for (const auto& [country, age] : minors.thresholds) {
    minors.highest_threshold = std::max(minors.highest_threshold, age);
  }
  minors.strictest_below = minors.default_below;
  for (const auto& [country, below] : minors.below) {
    minors.strictest_below = std::max(minors.strictest_below, below);
  }
}

void read_invariants(Draft& draft) {
  for (const NodeRef& node : draft.sections.invariants) {
    read_invariant(draft, node);
  }
}

}  // namespace fieldgate::policy
